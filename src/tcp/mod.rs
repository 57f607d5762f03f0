//! The flow table and reassembly: segments become two ordered byte streams a connection.
