//! why401: explains every 401 on the wire.

fn main() {}
