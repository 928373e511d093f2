package dev.graft.inference;

import dev.graft.inference.child.Ask;
import dev.graft.inference.child.Reply;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The parent's end of one inferrer. Used by one thread at a time.
 *
 * <p>One platform thread starts the process, reads its lines and lives as long as it does: {@code
 * PR_SET_PDEATHSIG} fires when the <em>thread</em> that started a child ends, so no pool thread may
 * do it.
 */
final class InferrerProcess implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(InferrerProcess.class);

  /** DJL asks nobody on the network, and tells nobody. */
  private static final Map<String, String> QUIET =
      Map.of("DJL_OFFLINE", "true", "OPT_OUT_TRACKING", "true");

  private final JsonMapper json = JsonMapper.builder().build();
  private final LinkedBlockingQueue<Event> events = new LinkedBlockingQueue<>();
  private final CompletableFuture<Process> process = new CompletableFuture<>();

  /** What the reading thread tells. */
  private sealed interface Event {
    record Said(Reply reply) implements Event {}

    record Ended(int exitStatus) implements Event {}
  }

  /** Starts the process; {@link #awaitReady} tells when its model is loaded. */
  InferrerProcess(List<String> command) {
    Thread.ofPlatform().daemon().name("inferrer").start(() -> run(command));
  }

  /**
   * @throws InferrerLost if the process ended, or was not ready in time and has been ended
   */
  void awaitReady(Duration timeout) throws InterruptedException, InferrerLost {
    if (!(next(timeout) instanceof Reply.Ready))
      throw lost("said something else before it was ready");
  }

  /**
   * @throws InferrerLost if the process ended, or did not answer in time and has been ended
   */
  Reply ask(Ask ask, Duration timeout) throws InterruptedException, InferrerLost {
    try {
      OutputStream in = process.get().getOutputStream();
      in.write((json.writeValueAsString(ask) + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
    } catch (IOException | ExecutionException closed) {
      throw lost("took no request");
    }
    return next(timeout);
  }

  boolean alive() {
    return pid().isPresent();
  }

  /** Its process id while it lives. */
  Optional<Long> pid() {
    if (process.isCompletedExceptionally()) return Optional.empty();
    Process started = process.getNow(null);
    return started == null || !started.isAlive() ? Optional.empty() : Optional.of(started.pid());
  }

  @Override
  public void close() {
    process.thenAccept(Process::destroyForcibly);
  }

  private Reply next(Duration timeout) throws InterruptedException, InferrerLost {
    @Nullable Event event = events.poll(timeout.toMillis(), TimeUnit.MILLISECONDS);
    return switch (event) {
      case null -> throw lost("was silent for " + timeout.toSeconds() + " s");
      case Event.Said said -> said.reply();
      case Event.Ended ended -> throw lost("ended with status " + ended.exitStatus());
    };
  }

  private InferrerLost lost(String how) {
    close();
    return new InferrerLost("the inference process " + how);
  }

  private void run(List<String> command) {
    int status = -1;
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
      builder.environment().putAll(QUIET);
      Process child = builder.start();
      process.complete(child);
      readLines(child);
      status = child.waitFor();
    } catch (IOException failed) {
      process.completeExceptionally(failed);
      log.atError().addKeyValue("cause", failed.getMessage()).log("inferrer_not_started");
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
    log.atInfo().addKeyValue("status", status).log("inferrer_ended");
    events.add(new Event.Ended(status));
  }

  private void readLines(Process child) {
    try (BufferedReader reader = child.inputReader(StandardCharsets.UTF_8)) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        try {
          events.add(new Event.Said(json.readValue(line, Reply.class)));
        } catch (JacksonException notOurs) {
          log.atWarn().addKeyValue("chars", line.length()).log("inferrer_line_ignored");
        }
      }
    } catch (IOException closed) {
      // The end of the process says the rest.
    }
  }
}
