//! Courier sheets and call lists: each text whole, each sheet a page, and a code that holds the text.

use std::collections::BTreeMap;

use vardkase::config::{Source, load};
use vardkase::domain::ids::FunctionIx;
use vardkase::domain::lang::Lang;
use vardkase::domain::time::At;
use vardkase::domain::view::{StopView, WhyWalk};
use vardkase::paper::courier::{calls, couriers};
use vardkase::paper::{Block, Occasion, Qr, Style, html, pdf};

const TEXT: &str = "14-5 7K4F2A LARM STABSLÄGE FS: Journalen är nere, sjukhus och vårdcentraler. Skriv på papper.";

fn stops(n: usize) -> Vec<StopView> {
    let stop = |n: usize| StopView {
        n: u32::try_from(n + 1).unwrap(),
        function: FunctionIx(u32::try_from(n).unwrap()),
        why: [WhyWalk::NoWay, WhyWalk::Unknown, WhyWalk::NoAnswer][n % 3],
        errand: None,
        message: 5,
        number: "14-5".into(),
        texts: BTreeMap::from([(Lang::SV, TEXT.to_owned())]),
        answer: n.is_multiple_of(2),
        given_up: true,
    };
    (0..n).map(stop).collect()
}

fn on(lang: Lang) -> Occasion {
    Occasion { lang, now: At(1_795_000_000_000), fictional: true, training: false }
}

#[test]
fn each_function_has_a_sheet_of_its_own_with_the_whole_text_and_room_to_sign() {
    let plan = load(&Source::Shipped).unwrap().plan;
    for lang in [Lang::SV, Lang::EN] {
        let sheet = couriers(&plan, on(lang), &stops(7));
        let breaks = sheet.blocks.iter().filter(|b| **b == Block::Break).count();
        assert_eq!(breaks, 7);
        let whole: Vec<_> = sheet.blocks.iter().filter(|b| **b == Block::Large(TEXT.into())).collect();
        assert_eq!(whole.len(), 7, "nothing is cut");
        let blanks = sheet.blocks.iter().filter(|b| matches!(b, Block::Blank(_))).count();
        assert_eq!(blanks, 7 * 4 + 4, "an answer only where one is asked for");
        let made = pdf(&sheet).unwrap();
        assert!(made.starts_with(b"%PDF-"));
        let page = html(&sheet, Style::Within).unwrap();
        assert_eq!(page.matches(TEXT).count(), 7);
        let list = calls(&plan, on(lang), &stops(7));
        assert_eq!(list.blocks.iter().filter(|b| **b == Block::Large(TEXT.into())).count(), 1, "read out once");
        pdf(&list).unwrap();
    }
    // Where it is: the site, and where there.
    let iva = StopView { function: plan.function_ix("iva").unwrap(), ..stops(1).remove(0) };
    for made in [
        couriers(&plan, on(Lang::SV), std::slice::from_ref(&iva)),
        calls(&plan, on(Lang::SV), std::slice::from_ref(&iva)),
    ] {
        let page = html(&made, Style::Within).unwrap();
        assert!(page.contains("Fjällstads sjukhus, hus 2, plan 4, avd. 41"), "{page}");
    }
    assert!(couriers(&plan, on(Lang::SV), &[]).blocks.len() == 1, "nobody: it says so");
}

#[test]
fn the_code_holds_the_text_word_for_word() {
    let code = Qr::of(TEXT).unwrap();
    // Four pixels a square, and the quiet zone.
    let side = (code.side + 8) * 4;
    let mut light = vec![true; side * side];
    for (row, column, width) in &code.runs {
        for y in (row + 4) * 4..(row + 5) * 4 {
            light[y * side + (column + 4) * 4..y * side + (column + 4 + width) * 4].fill(false);
        }
    }
    let grey = |x: usize, y: usize| if light[y * side + x] { 255 } else { 0 };
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
    let (_, read) = image.detect_grids()[0].decode().unwrap();
    assert_eq!(read, TEXT);
    assert_eq!(Qr::of(&"x".repeat(3_000)), None, "too fine to be read from paper");
}
