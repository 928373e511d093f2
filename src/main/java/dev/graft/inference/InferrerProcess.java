package dev.graft.inference;

import dev.graft.platform.Children;
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
import java.util.function.Consumer;
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

  private final Duration cancelTimeout;
  private boolean ready;
  private volatile boolean closed;

  /**
   * Starts the process; {@link #awaitReady} tells when its model is loaded.
   *
   * @param cancelTimeout a process that does not end a cancelled answer by then is ended
   */
  InferrerProcess(Children children, List<String> command, Duration cancelTimeout) {
    this.cancelTimeout = cancelTimeout;
    Thread.ofPlatform().daemon().name("inferrer").start(() -> run(children, command));
  }

  /**
   * Returns at once when the model is loaded already.
   *
   * @throws InferrerLost if the process ended, or was not ready in time and has been ended
   */
  void awaitReady(Duration timeout) throws InterruptedException, InferrerLost {
    if (ready) return;
    if (!(next(System.nanoTime() + timeout.toNanos()) instanceof Reply.Ready)) {
      throw lost("was not ready in " + timeout.toSeconds() + " s");
    }
    ready = true;
  }

  /**
   * Asks and listens until the last reply. A thread that is interrupted meanwhile has left: the
   * answer is cancelled.
   *
   * @throws InferrerLost if the process ended, or did not answer in time
   */
  Reply ask(Ask ask, Consumer<Reply.Piece> pieces, Duration timeout)
      throws InterruptedException, InferrerLost {
    tell(ask);
    long end = System.nanoTime() + timeout.toNanos();
    try {
      while (true) {
        switch (next(end)) {
          case Reply.Piece piece -> pieces.accept(piece);
          case null -> {
            cancel(ask.id());
            throw new InferrerLost("an answer took longer than " + timeout.toSeconds() + " s");
          }
          case Reply last -> {
            return last;
          }
        }
      }
    } catch (InterruptedException left) {
      cancel(ask.id());
      throw left;
    }
  }

  /** Waits for the last reply, so that no other ask takes it for its own. */
  private void cancel(long id) throws InterruptedException, InferrerLost {
    tell(new InferrerOrder.Cancel(id));
    long end = System.nanoTime() + cancelTimeout.toNanos();
    boolean ended = false;
    try {
      Reply last = next(end);
      while (last instanceof Reply.Piece) last = next(end);
      ended = last != null;
    } finally {
      if (!ended) close();
    }
  }

  private void tell(InferrerOrder order) throws InterruptedException, InferrerLost {
    try {
      OutputStream in = process.get().getOutputStream();
      String line = json.writerFor(InferrerOrder.class).writeValueAsString(order) + "\n";
      in.write(line.getBytes(StandardCharsets.UTF_8));
      in.flush();
    } catch (IOException | ExecutionException closed) {
      throw lost("took no request");
    }
  }

  /** Whether it can be asked: a process that is being ended cannot. */
  boolean alive() {
    return !closed && pid().isPresent();
  }

  /** Its process id while it lives. */
  Optional<Long> pid() {
    if (process.isCompletedExceptionally()) return Optional.empty();
    Process started = process.getNow(null);
    return started == null || !started.isAlive() ? Optional.empty() : Optional.of(started.pid());
  }

  @Override
  public void close() {
    closed = true;
    process.thenAccept(Process::destroyForcibly);
  }

  /** Null at the deadline. */
  private @Nullable Reply next(long end) throws InterruptedException, InferrerLost {
    Event event = events.poll(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
    return switch (event) {
      case null -> null;
      case Event.Said said -> said.reply();
      case Event.Ended ended -> throw lost("ended with status " + ended.exitStatus());
    };
  }

  private InferrerLost lost(String how) {
    close();
    return new InferrerLost("the inference process " + how);
  }

  private void run(Children children, List<String> command) {
    int status = -1;
    try {
      ProcessBuilder builder = children.of(command).redirectError(ProcessBuilder.Redirect.INHERIT);
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
