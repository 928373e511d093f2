package dev.graft.adapters;

import java.time.Instant;

/**
 * A name that a department moves from one of its fine-tuned models to another.
 *
 * @param model name of the adapter that it stands for now
 * @param chosenBy number of the move that has chosen it; after a rollback of the one gone back to
 */
public record ModelAlias(
    String departmentId,
    String name,
    String model,
    int chosenBy,
    Instant createdAt,
    Instant movedAt) {}
