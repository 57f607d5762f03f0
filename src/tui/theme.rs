//! How meanings look. A meaning is never told by colour alone: text, symbols and attributes carry
//! it too, so that the monochrome theme loses nothing.

use ratatui::style::{Color, Modifier, Style};

use super::model::Role;

/// The themes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeName {
    /// The terminal's own sixteen colours.
    #[default]
    Terminal,
    /// For dark backgrounds, in 256 colours.
    Dark,
    /// For light backgrounds, in 256 colours.
    Light,
    /// Black, white and few strong colours.
    HighContrast,
    /// No colour: attributes only.
    Monochrome,
}

impl ThemeName {
    /// All themes.
    pub const ALL: [Self; 5] =
        [Self::Terminal, Self::Dark, Self::Light, Self::HighContrast, Self::Monochrome];

    /// Its name in the configuration and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminal => "terminal",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::HighContrast => "high-contrast",
            Self::Monochrome => "monochrome",
        }
    }

    /// The theme of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

/// The colours of a theme; `Reset` is the terminal's own.
#[derive(Debug, Clone, Copy)]
struct Palette {
    text: Color,
    muted: Color,
    accent: Color,
    good: Color,
    warning: Color,
    bad: Color,
    cited: Color,
    on_bar: Color,
    bar: Color,
}

/// A theme: a style for every [`Role`].
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    palette: Option<Palette>,
    /// Whether `muted` may be drawn as dim text in addition to its colour.
    dim: bool,
}

impl Theme {
    /// The theme of this name; without colour when `colour` is false (`NO_COLOR`).
    pub fn new(name: ThemeName, colour: bool) -> Self {
        let name = if colour { name } else { ThemeName::Monochrome };
        let palette = match name {
            ThemeName::Monochrome => None,
            ThemeName::Terminal => Some(Palette {
                text: Color::Reset,
                muted: Color::DarkGray,
                accent: Color::Cyan,
                good: Color::Green,
                warning: Color::Yellow,
                bad: Color::Red,
                cited: Color::Magenta,
                on_bar: Color::Reset,
                bar: Color::Reset,
            }),
            ThemeName::Dark => Some(Palette {
                text: Color::Indexed(252),
                muted: Color::Indexed(245),
                accent: Color::Indexed(80),
                good: Color::Indexed(114),
                warning: Color::Indexed(221),
                bad: Color::Indexed(210),
                cited: Color::Indexed(183),
                on_bar: Color::Indexed(254),
                bar: Color::Indexed(236),
            }),
            ThemeName::Light => Some(Palette {
                text: Color::Indexed(235),
                muted: Color::Indexed(242),
                accent: Color::Indexed(24),
                good: Color::Indexed(22),
                warning: Color::Indexed(94),
                bad: Color::Indexed(124),
                cited: Color::Indexed(90),
                on_bar: Color::Indexed(234),
                bar: Color::Indexed(253),
            }),
            ThemeName::HighContrast => Some(Palette {
                text: Color::White,
                muted: Color::White,
                accent: Color::LightCyan,
                good: Color::LightGreen,
                warning: Color::LightYellow,
                bad: Color::LightRed,
                cited: Color::LightMagenta,
                // Nothing light is legible on a light bar, and all of its colours are light.
                on_bar: Color::White,
                bar: Color::Black,
            }),
        };
        Self { palette, dim: name == ThemeName::Monochrome }
    }

    /// The style of a meaning.
    pub fn style(&self, role: Role) -> Style {
        let Some(palette) = self.palette else {
            return monochrome(role);
        };
        let plain = Style::new().fg(palette.text);
        match role {
            Role::Text => plain,
            Role::Strong => plain.add_modifier(Modifier::BOLD),
            Role::Muted | Role::Benign => {
                let style = Style::new().fg(palette.muted);
                if self.dim { style.add_modifier(Modifier::DIM) } else { style }
            }
            Role::Heading => Style::new().fg(palette.accent).add_modifier(Modifier::BOLD),
            Role::Label | Role::Key | Role::BorderFocused => Style::new().fg(palette.accent),
            Role::Good => Style::new().fg(palette.good),
            Role::Warning => Style::new().fg(palette.warning),
            Role::Bad => Style::new().fg(palette.bad),
            Role::Alarm => Style::new().fg(palette.bad).add_modifier(Modifier::BOLD),
            Role::Cited => {
                Style::new().fg(palette.cited).add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
            }
            Role::Changed => Style::new().fg(palette.warning).add_modifier(Modifier::BOLD),
            Role::Match | Role::Selected | Role::TabSelected => {
                plain.add_modifier(Modifier::REVERSED)
            }
            Role::SelectedElsewhere => plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Role::CellSelected => {
                plain.add_modifier(Modifier::REVERSED | Modifier::BOLD | Modifier::UNDERLINED)
            }
            Role::Bar => Style::new().fg(palette.on_bar).bg(palette.bar),
            Role::Border => Style::new().fg(palette.muted),
        }
    }
}

fn monochrome(role: Role) -> Style {
    let plain = Style::new();
    match role {
        Role::Text | Role::Good | Role::Label | Role::Border | Role::Bar => plain,
        Role::Muted | Role::Benign => plain.add_modifier(Modifier::DIM),
        Role::Strong
        | Role::Heading
        | Role::Warning
        | Role::Bad
        | Role::Key
        | Role::BorderFocused => plain.add_modifier(Modifier::BOLD),
        Role::Alarm => plain.add_modifier(Modifier::BOLD | Modifier::REVERSED),
        Role::Cited | Role::Changed | Role::SelectedElsewhere => {
            plain.add_modifier(Modifier::BOLD | Modifier::UNDERLINED)
        }
        Role::Match | Role::Selected | Role::TabSelected => plain.add_modifier(Modifier::REVERSED),
        Role::CellSelected => {
            plain.add_modifier(Modifier::REVERSED | Modifier::BOLD | Modifier::UNDERLINED)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_theme() {
        for theme in ThemeName::ALL {
            assert_eq!(ThemeName::find(theme.name()), Some(theme));
        }
        assert_eq!(ThemeName::find("neon"), None);
    }

    #[test]
    fn without_colour_no_style_has_a_colour() {
        for name in ThemeName::ALL {
            let theme = Theme::new(name, false);
            for role in Role::ALL {
                let style = theme.style(role);
                assert_eq!((style.fg, style.bg), (None, None), "{name:?} {role:?}");
            }
        }
    }

    #[test]
    fn what_must_be_seen_differs_from_plain_text_in_every_theme() {
        for name in ThemeName::ALL {
            let theme = Theme::new(name, true);
            let plain = theme.style(Role::Text);
            for role in [Role::Cited, Role::Alarm, Role::Selected, Role::Match, Role::Changed] {
                assert_ne!(theme.style(role).add_modifier, plain.add_modifier, "{name:?} {role:?}");
            }
        }
    }
}
