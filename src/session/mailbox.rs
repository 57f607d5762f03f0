//! The bounded queue between the capture thread and the screen.
