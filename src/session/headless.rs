//! Without a screen: JSON lines or text.
