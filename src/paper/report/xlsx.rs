//! The figures as a spreadsheet (ECMA-376, part 1, SpreadsheetML): a sheet for each table, numbers as numbers, times in minutes. Every text
//! is a text (`inlineStr`), so that none is taken for a formula.

use std::fmt::Write as _;

use quick_xml::escape::escape;

use super::grids::{self, Cell, Grid};
use super::zip::zip;
use crate::domain::lang::Lang;
use crate::domain::report::AfterReport;

/// Characters of a sheet's name (18.2.19).
const NAME_CHARS_MAX: usize = 31;
/// Characters of a cell.
const CELL_CHARS_MAX: usize = 32_767;

const SHEET_NS: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const REL_NS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// The plain style, a bold one for heads, and minutes with one decimal.
const STYLES: &str = "<fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Arial\"/></font>\
    <font><b/><sz val=\"11\"/><name val=\"Arial\"/></font></fonts>\
    <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
    <borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>\
    <cellStyleXfs count=\"1\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\"/></cellStyleXfs>\
    <cellXfs count=\"3\"><xf numFmtId=\"0\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\"/>\
    <xf numFmtId=\"0\" fontId=\"1\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\"/>\
    <xf numFmtId=\"164\" fontId=\"0\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\"/></cellXfs>\
    <cellStyles count=\"1\"><cellStyle name=\"Normal\" xfId=\"0\" builtinId=\"0\"/></cellStyles>";

/// `A`, `B`, … `AA`.
fn column(mut n: usize) -> String {
    let mut name = String::new();
    loop {
        name.insert(0, char::from(b'A' + u8::try_from(n % 26).unwrap_or(0)));
        match (n / 26).checked_sub(1) {
            Some(next) => n = next,
            None => return name,
        }
    }
}

/// What XML can't hold is left out (XML 1.0, 2.2); what a cell can't, cut off.
fn words(text: &str) -> String {
    let may = |c: &char| matches!(c, '\t' | '\n' | '\r') || *c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}');
    escape(text.chars().filter(may).take(CELL_CHARS_MAX).collect::<String>()).into_owned()
}

fn put(out: &mut String, at: &str, style: u8, cell: &Cell, lang: Lang) {
    // Nothing here can fail: it is written to a text.
    let _ = match cell {
        Cell::Count(n) => write!(out, "<c r=\"{at}\" s=\"{style}\"><v>{n}</v></c>"),
        Cell::Seconds(s) => write!(out, "<c r=\"{at}\" s=\"2\"><v>{:.3}</v></c>", f64::from(*s) / 60.0),
        other => {
            let text = words(&other.said(lang));
            write!(out, "<c r=\"{at}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
        }
    };
}

fn worksheet(grid: &Grid, lang: Lang) -> String {
    let mut out = format!("{XML}<worksheet xmlns=\"{SHEET_NS}\">");
    // The heads stay in sight.
    out.push_str("<sheetViews><sheetView workbookViewId=\"0\"><pane ySplit=\"1\" topLeftCell=\"A2\" state=\"frozen\"/></sheetView></sheetViews><cols>");
    for (n, width) in grid.widths.iter().enumerate() {
        let _ = write!(out, "<col min=\"{0}\" max=\"{0}\" width=\"{1}\" customWidth=\"1\"/>", n + 1, width * 8);
    }
    out.push_str("</cols><sheetData>");
    let heads: Vec<Cell> = grid.head.iter().map(|text| Cell::Text(text.clone())).collect();
    for (row, cells) in std::iter::once(&heads).chain(&grid.rows).enumerate() {
        let _ = write!(out, "<row r=\"{}\">", row + 1);
        for (n, cell) in cells.iter().enumerate() {
            put(&mut out, &format!("{}{}", column(n), row + 1), u8::from(row == 0), cell, lang);
        }
        out.push_str("</row>");
    }
    out.push_str("</sheetData></worksheet>");
    out
}

/// A sheet's name: no sign that it may not have, and none twice.
fn sheet_name(n: usize, title: &str) -> String {
    let title: String = title.chars().filter(|c| !":\\/?*[]'".contains(*c)).collect();
    format!("{} {title}", n + 1).chars().take(NAME_CHARS_MAX).collect()
}

/// The figures of a report. The same report gives the same bytes.
pub fn xlsx(report: &AfterReport, lang: Lang) -> Vec<u8> {
    let grids = grids::all(lang, report);
    let numbered = || (1_usize..).zip(&grids);
    let mut types = format!(
        "{XML}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>"
    );
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml";
    let _ = write!(types, "<Override PartName=\"/xl/workbook.xml\" ContentType=\"{kind}.sheet.main+xml\"/>");
    let _ = write!(types, "<Override PartName=\"/xl/styles.xml\" ContentType=\"{kind}.styles+xml\"/>");
    let mut workbook = format!("{XML}<workbook xmlns=\"{SHEET_NS}\" xmlns:r=\"{REL_NS}\"><sheets>");
    let mut relations = format!("{XML}<Relationships xmlns=\"{PACKAGE}/relationships\">");
    for (n, grid) in numbered() {
        let part = format!("/xl/worksheets/sheet{n}.xml");
        let _ = write!(types, "<Override PartName=\"{part}\" ContentType=\"{kind}.worksheet+xml\"/>");
        let name = words(&sheet_name(n - 1, &grid.title));
        let _ = write!(workbook, "<sheet name=\"{name}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>");
        let target = format!("worksheets/sheet{n}.xml");
        let _ = write!(relations, "<Relationship Id=\"rId{n}\" Type=\"{REL_NS}/worksheet\" Target=\"{target}\"/>");
    }
    let styles = grids.len() + 1;
    let _ = write!(relations, "<Relationship Id=\"rId{styles}\" Type=\"{REL_NS}/styles\" Target=\"styles.xml\"/>");
    types.push_str("</Types>");
    workbook.push_str("</sheets></workbook>");
    relations.push_str("</Relationships>");
    let root = format!(
        "{XML}<Relationships xmlns=\"{PACKAGE}/relationships\">\
         <Relationship Id=\"rId1\" Type=\"{REL_NS}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let minutes = "<numFmts count=\"1\"><numFmt numFmtId=\"164\" formatCode=\"0.0&quot; min&quot;\"/></numFmts>";
    let styles = format!("{XML}<styleSheet xmlns=\"{SHEET_NS}\">{minutes}{STYLES}</styleSheet>");
    let names: Vec<String> = numbered().map(|(n, _)| format!("xl/worksheets/sheet{n}.xml")).collect();
    let mut parts: Vec<(&str, String)> = vec![
        ("[Content_Types].xml", types),
        ("_rels/.rels", root),
        ("xl/workbook.xml", workbook),
        ("xl/_rels/workbook.xml.rels", relations),
        ("xl/styles.xml", styles),
    ];
    parts.extend(names.iter().map(String::as_str).zip(grids.iter().map(|grid| worksheet(grid, lang))));
    zip(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_counted_in_letters() {
        assert_eq!([0, 25, 26, 51, 702].map(column), ["A", "Z", "AA", "AZ", "AAA"]);
    }

    #[test]
    fn a_text_is_a_text_whatever_it_begins_with() {
        let mut out = String::new();
        put(&mut out, "A1", 0, &Cell::Text("=HYPERLINK(\"x\")<\u{1}".into()), Lang::SV);
        assert!(out.contains("t=\"inlineStr\"") && out.contains("=HYPERLINK(&quot;x&quot;)&lt;</t>"), "{out}");
    }
}
