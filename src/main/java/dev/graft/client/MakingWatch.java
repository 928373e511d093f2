package dev.graft.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;

/**
 * Follows something that a server makes to its end, and shows how far it is.
 *
 * @param what as it is called to people
 * @param path where it is asked for
 * @param done the field with the bytes that are done, of {@code total_bytes}
 */
record MakingWatch(GraftApi api, String what, String path, String done) {
  private static final long POLL = Duration.ofSeconds(1).toNanos();
  private static final long MB = 1_000_000;

  /** It, in its end state: see {@link JobWatch#hasEnded}. */
  public JsonNode untilDone(JsonNode begun) {
    Patience patience = new Patience();
    Screen screen = Screen.standard();
    JsonNode making = begun;
    String told = "";
    while (!JobWatch.hasEnded(making)) {
      String state = state(making);
      if (!state.equals(told)) screen.doing(what, state);
      told = state;
      LockSupport.parkNanos(POLL);
      Optional<JsonNode> now = patience.ask(() -> api.get(path));
      if (now.isPresent()) making = now.get();
    }
    screen.done(what, making.path("status").asString());
    return making;
  }

  private String state(JsonNode making) {
    JsonNode total = making.path("total_bytes");
    return total.isNull()
        ? making.path("status").asString()
        : "%d of %d MB".formatted(making.path(done).asLong() / MB, total.asLong() / MB);
  }
}
