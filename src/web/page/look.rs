//! Colours and style of the public pages. Each state has its own, so that a page holds only what it shows: plain colours and
//! lengths, no variables, nothing that a browser of 2012 leaves out. That they can be told apart and read is computed in tests.

use crate::domain::public_view::Stands;

/// Colours of one state, as `#rrggbb`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Colours {
    /// Behind everything.
    pub ground: &'static str,
    /// Behind a text.
    pub card: &'static str,
    pub ink: &'static str,
    /// Of what is small.
    pub soft: &'static str,
    /// Of edges that only decorate.
    pub line: &'static str,
    /// Behind the heading.
    pub band: &'static str,
    /// The heading.
    pub on: &'static str,
}

const fn colours([ground, card, ink, soft, line, band, on]: [&'static str; 7]) -> Colours {
    Colours { ground, card, ink, soft, line, band, on }
}

/// By day.
pub fn light(stands: Stands) -> Colours {
    colours(match stands {
        Stands::Normal => ["#f1f6f2", "#ffffff", "#14201a", "#4f5c55", "#c9d5cd", "#1d6b3a", "#ffffff"],
        Stands::Over => ["#eef4fb", "#ffffff", "#10202f", "#46586a", "#c3d3e4", "#1f5f99", "#ffffff"],
        Stands::Withdrawn => ["#f3f3f5", "#ffffff", "#1b1c22", "#54565f", "#d0d1d8", "#4a4d5a", "#ffffff"],
        Stands::Investigated => ["#fffaf0", "#ffffff", "#231b05", "#5c4f2a", "#e3cf9b", "#ffe08a", "#1c1500"],
        Stands::Disturbance => ["#fff6e0", "#ffffff", "#231b05", "#5c4f2a", "#e3cf9b", "#f2b705", "#1c1500"],
        Stands::CrisisInvestigated | Stands::Crisis => {
            ["#fdeaea", "#ffffff", "#2a0d0f", "#6b4043", "#e2b4b4", "#a3171f", "#ffffff"]
        }
    })
}

/// Where the reader's machine is set to dark.
pub fn dark(stands: Stands) -> Colours {
    colours(match stands {
        Stands::Normal => ["#101712", "#18211b", "#e7efe9", "#a6b5ab", "#33433a", "#1d6b3a", "#ffffff"],
        Stands::Over => ["#0d151d", "#152130", "#e4edf6", "#a3b5c6", "#2e4256", "#1f5f99", "#ffffff"],
        Stands::Withdrawn => ["#141519", "#1e2026", "#ececf0", "#b2b4bd", "#3b3e48", "#4a4d5a", "#ffffff"],
        Stands::Investigated => ["#1a1708", "#25210d", "#f6eccb", "#cdbf8f", "#54491e", "#ffe08a", "#1c1500"],
        Stands::Disturbance => ["#1d1804", "#282208", "#f6eccb", "#cdbf8f", "#54491e", "#f2b705", "#1c1500"],
        Stands::CrisisInvestigated | Stands::Crisis => {
            ["#240a0c", "#321013", "#fbe4e4", "#d8a9ab", "#63272b", "#a3171f", "#ffffff"]
        }
    })
}

/// A sign besides the words and the colour, for people who don't see colours.
pub fn sign(stands: Stands) -> &'static str {
    match stands {
        Stands::Normal => "✓",
        Stands::Over => "○",
        Stands::Withdrawn => "×",
        Stands::Investigated => "?",
        Stands::Disturbance => "▲",
        Stands::CrisisInvestigated | Stands::Crisis => "■",
    }
}

/// Rules that name colours.
fn coloured(c: Colours) -> String {
    let Colours { ground, card, ink, soft, line, band, on } = c;
    format!(
        "body{{background:{ground};color:{ink}}}header{{background:{band};color:{on}}}\
         article,.numbers{{background:{card};border-color:{line}}}article{{border-left-color:{band}}}\
         .small,footer{{color:{soft}}}footer{{border-color:{line}}}"
    )
}

/// Everything of a page's look, for its one `<style>`. Sizes are em, so that the reader's own letter size holds.
pub fn style(stands: Stands) -> String {
    let mut style = String::from(
        "html{-webkit-text-size-adjust:100%}header,main,footer,article{display:block}\
         body{margin:0;font-family:\"Segoe UI\",Roboto,\"Liberation Sans\",Helvetica,Arial,sans-serif;font-size:1.125em;line-height:1.5;\
         word-wrap:break-word;overflow-wrap:break-word;-webkit-hyphens:auto;-ms-hyphens:auto;hyphens:auto}\
         .in{max-width:40em;margin:0 auto;padding:0 1em}header .in{padding:1em}\
         .region,.when{margin:0}.region{font-weight:bold}h1{margin:.1em 0 .3em;font-size:1.6em;line-height:1.2}h1.long{font-size:1.2em}\
         .training{margin:0;padding:.3em 1em;text-align:center;background:#ffdd00;color:#16202b;border:solid #16202b;border-width:3px 0;font-weight:bold}\
         .fictional{margin:0 0 .8em;padding:.3em;text-align:center;background:#16202b;color:#fff;font-weight:bold;font-size:.9em}\
         h2{margin:0 0 .4em;font-size:1.3em;line-height:1.3}h2.part{margin:1.2em 0 .3em;font-size:1.1em}\
         article{margin:1em 0;padding:1em;border:1px solid;border-left-width:8px;border-radius:8px}article p{margin:.3em 0}article p.small{margin:.6em 0 0}\
         .small,footer{font-size:.9em}code{font-family:Menlo,Consolas,\"Liberation Mono\",monospace;font-weight:bold;letter-spacing:.05em}\
         ul{margin:0;padding:0 0 0 1.2em}.sites{list-style:none;padding:0}\
         .numbers{margin:1em 0;padding:.6em 1em;border:1px solid;border-radius:8px}.numbers p{margin:.2em 0}\
         .numbers h2.part{margin-top:.2em}.numbers a{font-size:1.2em;font-weight:bold}a.call{display:inline-block;padding:.4em .3em;min-width:2.3em}\
         .taps{margin:0}footer{margin-top:1.5em;border-top:1px solid}footer .in{padding:.6em 1em 1.5em}\
         a{color:inherit}a.tap,.taps a{display:inline-block;padding:.65em 1em .65em 0;min-width:2.75em}\
         a:focus{outline:3px solid #16202b;box-shadow:0 0 0 6px #ffdd00;background:#ffdd00;color:#16202b}",
    );
    style.push_str(&coloured(light(stands)));
    style
        .push_str("@media (min-width:40em){h1,h1.long{font-size:2.2em}}@media screen and (prefers-color-scheme:dark){");
    style.push_str(&coloured(dark(stands)));
    style.push_str(
        "}@media print{body,header,article,.numbers{background:#fff;color:#000}body{font-size:12pt}\
         header{border:3px solid #000}article,.numbers{border-color:#000;page-break-inside:avoid;break-inside:avoid}\
         .small,footer{color:#000}.taps,a.tap{display:none}}",
    );
    style
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.1).
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("#rrggbb")) / 255.0;
            if c <= 0.03928 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrast_is_computed_as_wcag_does() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 0.01);
        assert!((contrast("#777777", "#ffffff") - 4.48).abs() < 0.01);
    }

    #[test]
    fn every_state_can_be_read_by_day_and_in_the_dark() {
        for stands in Stands::ALL {
            for (name, c) in [("light", light(stands)), ("dark", dark(stands))] {
                let pairs = [(c.ink, c.ground), (c.ink, c.card), (c.soft, c.ground), (c.soft, c.card), (c.on, c.band)];
                for (ink, ground) in pairs {
                    let ratio = contrast(ink, ground);
                    // WCAG 2.1, 1.4.3: text that is not large.
                    assert!(ratio >= 4.5, "{stands:?} {name}: {ink} on {ground} is {ratio:.2}");
                }
            }
        }
        // 1.4.11: one of the two rings of the focus, and the text in it, whatever lies behind.
        assert!(contrast("#16202b", "#ffdd00") >= 4.5);
        for stands in Stands::ALL {
            for c in [light(stands), dark(stands)] {
                for ground in [c.ground, c.card, c.band] {
                    assert!(contrast("#16202b", ground).max(contrast("#ffdd00", ground)) >= 3.0, "{stands:?} {ground}");
                }
            }
        }
        assert!(contrast("#ffffff", "#16202b") >= 4.5, "the line of a fictional region");
    }

    #[test]
    fn states_differ_by_sign_and_by_colour() {
        for a in Stands::ALL {
            for b in Stands::ALL {
                let crisis = [a, b].iter().all(|s| matches!(s, Stands::Crisis | Stands::CrisisInvestigated));
                if a != b && !crisis {
                    assert_ne!(light(a).ground, light(b).ground, "{a:?} {b:?}");
                    assert_ne!(sign(a), sign(b), "{a:?} {b:?}");
                }
            }
        }
    }
}
