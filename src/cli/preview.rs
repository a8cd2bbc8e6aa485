//! What far devices show of a text.

use clap::Args;

use super::context::Context;
use super::terminal::Hue;
use crate::api::calls;
use crate::domain::ids::MessageNo;
use crate::domain::view::PreviewsView;
use crate::error::Error;

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
    for text in &view.texts {
        let unread = if text.reviewed { "" } else { "  NOT READ since another language was changed" };
        let sms = text.sms_parts.map(|n| format!("  {n} SMS")).unwrap_or_default();
        let head = format!("{} {} [{}]{sms}{unread}", view.number, text.fingerprint, text.lang);
        cx.term.line_in(Hue::Strong, &head);
        cx.term.line(&text.text);
        for costly in &text.costly {
            let instead = costly.replacement.as_ref().map(|r| format!(", “{r}” reads the same")).unwrap_or_default();
            let saved = match (text.sms_parts, text.sms_parts_replaced) {
                (Some(now), Some(then)) if then < now => format!(" ({now} SMS would become {then})"),
                _ => String::new(),
            };
            let note = format!("  “{}” makes it longer{instead}{saved}", costly.character);
            cx.term.line_in(Hue::Wait, &note);
        }
        cx.term.line("");
    }
    for shown in &view.shown {
        let gateway = shown.gateway.as_ref().map(|g| format!(" {g}")).unwrap_or_default();
        let who: Vec<&str> = shown.functions.iter().map(|f| f.as_str()).collect();
        let other = if shown.other_text { "  the holding text instead: nobody read this language" } else { "" };
        let head = format!("{}{gateway} [{}] {} × {}{other}", shown.channel, shown.lang, shown.points, who.join(", "));
        cx.term.line_in(Hue::Strong, &head);
        for (i, unit) in shown.units.iter().enumerate() {
            let mark = if shown.units.len() > 1 { format!("{}/{} ", i + 1, shown.units.len()) } else { String::new() };
            cx.term.line(&format!("  {mark}{unit}"));
        }
    }
    for cannot in &view.cannot {
        let who: Vec<&str> = cannot.functions.iter().map(|f| f.as_str()).collect();
        let instead: Vec<&str> = cannot.instead.iter().map(|c| c.as_str()).collect();
        let path = if instead.is_empty() { "the switchboard reads it out".into() } else { instead.join(", ") };
        let what = format!("{} can't go to {}: {}; instead: {path}", cannot.channel, who.join(", "), cannot.why);
        cx.term.line_in(Hue::Wait, &what);
    }
}
