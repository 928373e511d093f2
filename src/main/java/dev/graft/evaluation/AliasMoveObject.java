package dev.graft.evaluation;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A move on the wire: from what to what, who, when, why, and by which evaluation. Times in unix
 * seconds.
 *
 * @param evidence a {@link dev.graft.evaluation.PassedGates}, or null
 */
record AliasMoveObject(
    String id,
    String object,
    String alias,
    AliasMove.Kind kind,
    @Nullable String from,
    String to,
    @Nullable String reason,
    @Nullable JsonNode evidence,
    String movedBy,
    long createdAt) {
  static AliasMoveObject of(String alias, AliasMove move) {
    return new AliasMoveObject(
        move.id(),
        "alias.move",
        alias,
        move.kind(),
        move.from(),
        move.to(),
        move.reason(),
        move.evidence(),
        move.movedBy(),
        move.createdAt().getEpochSecond());
  }
}
