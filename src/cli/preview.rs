//! What far devices show of a text.

use clap::Args;

use super::context::Context;
use super::incident_show::channel;
use super::terminal::Hue;
use crate::api::calls;
use crate::domain::ids::MessageNo;
use crate::domain::view::PreviewsView;
use crate::error::Error;
use crate::words::cli as words;

/// Show exactly what each device shows of a text, per channel and language, before it leaves or after.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  \
    vardkase preview 14-2")]
pub struct PreviewArgs {
    /// The message.
    number: MessageNo,
}

impl PreviewArgs {
    pub fn run(self, cx: &mut Context<'_>) -> Result<(), Error> {
        let seen = cx.call(&calls::previews(self.number))?;
        if cx.json() {
            cx.term.json(&seen);
            return Ok(());
        }
        show(cx, &seen.read()?);
        Ok(())
    }
}

/// Texts first, since that is what a yes is for; then the units.
fn show(cx: &mut Context<'_>, view: &PreviewsView) {
    let lang = cx.term.lang();
    for text in &view.texts {
        let unread = if text.reviewed { String::new() } else { format!("  {}", words::NOT_READ_SINCE.say(lang)) };
        let sms = text.sms_parts.map(|n| format!("  {n} SMS")).unwrap_or_default();
        let head = format!("{} {} [{}]{sms}{unread}", view.number, text.fingerprint, text.lang);
        cx.term.line_in(Hue::Strong, &head);
        cx.term.line(&text.text);
        for costly in &text.costly {
            let longer = match &costly.replacement {
                Some(other) => words::costly_instead(lang, costly.character, other),
                None => words::costly(lang, costly.character),
            };
            let saved = match (text.sms_parts, text.sms_parts_replaced) {
                (Some(now), Some(then)) if then < now => format!(" {}", words::sms_saved(lang, now, then)),
                _ => String::new(),
            };
            let note = format!("  {longer}{saved}");
            cx.term.line_in(Hue::Wait, &note);
        }
        cx.term.line("");
    }
    for shown in &view.shown {
        let gateway = shown.gateway.as_ref().map(|g| format!(" {g}")).unwrap_or_default();
        let who: Vec<&str> = shown.functions.iter().map(|f| f.as_str()).collect();
        let other = if shown.other_text { format!("  {}", words::HOLDING_INSTEAD.say(lang)) } else { String::new() };
        let head = format!(
            "{}{gateway} [{}] {} × {}{other}",
            channel(lang, shown.channel),
            shown.lang,
            shown.points,
            who.join(", ")
        );
        cx.term.line_in(Hue::Strong, &head);
        for (i, unit) in shown.units.iter().enumerate() {
            let mark = if shown.units.len() > 1 { format!("{}/{} ", i + 1, shown.units.len()) } else { String::new() };
            cx.term.line(&format!("  {mark}{unit}"));
        }
    }
    for cannot in &view.cannot {
        let who: Vec<&str> = cannot.functions.iter().map(|f| f.as_str()).collect();
        let instead: Vec<&str> = cannot.instead.iter().map(|c| channel(lang, *c)).collect();
        let path = if instead.is_empty() { words::SWITCHBOARD_READS.say(lang).into() } else { instead.join(", ") };
        let (cant, instead) = (words::CANT_GO.say(lang), words::INSTEAD.say(lang));
        let why = crate::words::cannot(lang, &cannot.why);
        let what = format!("{} {cant} {}: {why}; {instead}: {path}", channel(lang, cannot.channel), who.join(", "));
        cx.term.line_in(Hue::Wait, &what);
    }
}
