//! Both CRMs, embedded: server, store, quirks, faults, seed data.
