//! Embedded server and clients that make traffic to look at.
