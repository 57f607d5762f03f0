//! Vectors of the catalogue (section 9) and look-alikes, through a whole diagnoser.

mod benign;
