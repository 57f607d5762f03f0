//! Cases and captures written for other programs and other people.
