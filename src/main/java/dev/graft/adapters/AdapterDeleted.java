package dev.graft.adapters;

/** Published inside the transaction that deletes an adapter: what was made of it goes with it. */
record AdapterDeleted(String departmentId, String adapterId) {}
