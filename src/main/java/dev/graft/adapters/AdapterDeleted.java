package dev.graft.adapters;

/** Published inside the transaction that deletes an adapter: what was made of it goes with it. */
public record AdapterDeleted(String departmentId, String adapterId) {}
