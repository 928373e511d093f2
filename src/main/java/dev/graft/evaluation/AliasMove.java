package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What became of an alias at one moment.
 *
 * @param number from 1, without gaps
 * @param from null where the alias was created
 * @param earlier number of the move whose model a rollback of this one goes back to, or null
 * @param reason in the words of whoever moved it
 * @param evidence the evaluation by which it was moved, or null
 * @param movedBy name or email of whoever moved it
 */
record AliasMove(
    String id,
    int number,
    Kind kind,
    @Nullable String from,
    String to,
    @Nullable Integer earlier,
    @Nullable String reason,
    @Nullable JsonNode evidence,
    String movedBy,
    Instant createdAt) {
  enum Kind {
    CREATED,
    MOVED,
    ROLLED_BACK;

    @JsonValue
    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }
}
