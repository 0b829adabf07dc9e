//! End-to-end tests: the phone's core against the real service, over real HTTP and real QR images.
