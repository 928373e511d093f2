package dev.graft.adapters;

/** Published in the transaction that makes an alias stand for a model, or deletes it. */
public record AliasMoved(String departmentId, String alias) {}
