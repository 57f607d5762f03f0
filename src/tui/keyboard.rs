//! What the terminal sends: keys, the mouse, pasted text and new sizes.

use std::io;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::mpsc::{self, Receiver};

/// Events that wait for the loop at most; what comes then waits in the terminal.
const WAITING: usize = 256;

/// Longer than it takes to look at what was read already, and shorter than any finger.
const AT_ONCE: Duration = Duration::from_millis(1);

/// The terminal's events, read by a thread of their own.
///
/// Not by crossterm's `EventStream`, which reads on the thread that asks: where the terminal has been
/// closed, crossterm takes the end of it for nothing yet and reads again for ever, and who asks sees no
/// signal any more. Here it can hold up nobody, and ends with the process.
#[derive(Debug)]
pub struct Keyboard {
    events: Receiver<io::Result<Event>>,
}

impl Keyboard {
    /// Begins to read.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn open() -> io::Result<Self> {
        let (sender, events) = mpsc::channel(WAITING);
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
            let send = |event| sender.blocking_send(event).is_ok();
            loop {
                let goes_on = match read() {
                    Ok(events) => events.into_iter().all(|event| send(Ok(event))),
                    Err(error) => {
                        send(Err(error));
                        false
                    }
                };
                if !goes_on {
                    break;
                }
            }
        })?;
        Ok(Self { events })
    }

    /// The next event; `None` when there can be no more. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await
    }

    /// The events that are there already.
    pub fn ready(&mut self) -> impl Iterator<Item = io::Result<Event>> {
        (0..WAITING).map_while(|_| self.events.try_recv().ok())
    }
}

/// Waits for an event. Several, where Esc came with others.
fn read() -> io::Result<Vec<Event>> {
    let mut events = vec![event::read()?];
    while events.last().is_some_and(is_escape) {
        let behind =
            behind_escape(|| Ok(if event::poll(AT_ONCE)? { Some(event::read()?) } else { None }))?;
        if behind.is_empty() {
            break;
        }
        events.extend(behind);
    }
    Ok(events)
}

fn is_escape(event: &Event) -> bool {
    *event == Event::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE))
}

/// What came in one read with Esc. If that is a key with a sequence of its own (F2 is `ESC O Q`), crossterm
/// takes both escapes for the one Esc and the rest for letters, of which one may mean to leave: they are put
/// together again here. A sequence that is none of a key is one of the mouse, and is left out.
fn behind_escape(mut next: impl FnMut() -> io::Result<Option<Event>>) -> io::Result<Vec<Event>> {
    let (mut events, mut sequence) = (Vec::new(), String::new());
    while let Some(event) = next()? {
        let letter = letter(&event);
        events.push(event);
        let Some(letter) = letter else { break };
        sequence.push(letter);
        match sequence.as_bytes() {
            [b'O', _] | [b'[', .., b'@'..=b'Z' | b'\\'..=b'~'] => {
                let key = key_of(&sequence).map(|code| Event::Key(code.into()));
                return Ok(key.into_iter().collect());
            }
            [b'O'] | [b'[', ..] => {}
            _ => break,
        }
    }
    Ok(events)
}

fn letter(event: &Event) -> Option<char> {
    match event {
        Event::Key(KeyEvent { code: KeyCode::Char(letter), modifiers, .. })
            if KeyModifiers::SHIFT.contains(*modifiers) =>
        {
            Some(*letter)
        }
        _ => None,
    }
}

/// The key that sends this behind an escape (xterm's control sequences; F1 to F5 of the Linux console).
fn key_of(sequence: &str) -> Option<KeyCode> {
    Some(match sequence {
        "OA" | "[A" => KeyCode::Up,
        "OB" | "[B" => KeyCode::Down,
        "OC" | "[C" => KeyCode::Right,
        "OD" | "[D" => KeyCode::Left,
        "OH" | "[H" | "[1~" => KeyCode::Home,
        "OF" | "[F" | "[4~" => KeyCode::End,
        "[Z" => KeyCode::BackTab,
        "[2~" => KeyCode::Insert,
        "[3~" => KeyCode::Delete,
        "[5~" => KeyCode::PageUp,
        "[6~" => KeyCode::PageDown,
        "OP" | "[11~" | "[[A" => KeyCode::F(1),
        "OQ" | "[12~" | "[[B" => KeyCode::F(2),
        "OR" | "[13~" | "[[C" => KeyCode::F(3),
        "OS" | "[14~" | "[[D" => KeyCode::F(4),
        "[15~" | "[[E" => KeyCode::F(5),
        "[17~" => KeyCode::F(6),
        "[18~" => KeyCode::F(7),
        "[19~" => KeyCode::F(8),
        "[20~" => KeyCode::F(9),
        "[21~" => KeyCode::F(10),
        "[23~" => KeyCode::F(11),
        "[24~" => KeyCode::F(12),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> Event {
        Event::Key(code.into())
    }

    /// What is made of these letters behind Esc.
    fn behind(letters: &str) -> Vec<Event> {
        let mut letters = letters.chars().map(|letter| key(KeyCode::Char(letter)));
        behind_escape(|| Ok(letters.next())).unwrap()
    }

    #[test]
    fn a_key_that_came_with_esc_is_that_key_and_not_its_letters() {
        for (letters, code) in [
            ("OQ", KeyCode::F(2)),
            ("[A", KeyCode::Up),
            ("[[C", KeyCode::F(3)),
            ("[15~", KeyCode::F(5)),
            ("[6~", KeyCode::PageDown),
        ] {
            assert_eq!(behind(letters), [key(code)], "{letters}");
        }
        assert_eq!(behind("[<65;10;10M"), [], "the mouse's wheel");
    }

    #[test]
    fn letters_that_came_with_esc_and_are_no_key_stay_what_they_are() {
        for letters in ["j", "[1", "O", ""] {
            let came: Vec<Event> =
                letters.chars().map(|letter| key(KeyCode::Char(letter))).collect();
            assert_eq!(behind(letters), came);
        }
        let mut others = [key(KeyCode::F(2)), key(KeyCode::Char('j'))].into_iter();
        let came = behind_escape(|| Ok(others.next())).unwrap();
        assert_eq!(came, [key(KeyCode::F(2))], "the rest is read by itself");
    }
}
