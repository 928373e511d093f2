package dev.graft.client;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;

/**
 * Waits until an import or export ends and shows its progress. @@param what its name in the
 * output @@param path of the import or export @@param done the field with the bytes done so far, of
 * {@code total_bytes}
 */
record MakingWatch(GraftApi api, String what, String path, String done) {
  private static final long POLL = Duration.ofSeconds(1).toNanos();
  private static final long MB = 1_000_000;

  /** Waits for the end, see {@link JobWatch#hasEnded}, and returns it. */
  public JsonNode untilDone(JsonNode begun) {
    Patience patience = new Patience();
    Screen screen = Screen.standard();
    JsonNode making = begun;
    String shown = "";
    while (!JobWatch.hasEnded(making)) {
      String state = state(making);
      if (!state.equals(shown)) screen.doing(what, state);
      shown = state;
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
