package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What trains one run: a child process, or a job of a cluster. One thread starts, follows and
 * closes it; the others ask it to end.
 */
interface Trainer extends AutoCloseable {
  /**
   * Hands the request over, then every event, until the run ends.
   *
   * @return the exit status, see {@link dev.graft.training.TrainerExit}
   * @throws IOException if a file of this machine cannot be read or written
   */
  int follow(RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException;

  void send(TrainerDirective directive);

  /** Ends it now. */
  void kill();

  /** Nobody may speak for the run any more: the lease is lost. */
  void leave();

  /** Ends it if it is still there after {@code grace}. */
  default void killAfter(Duration grace) {
    CompletableFuture.delayedExecutor(grace.toMillis(), TimeUnit.MILLISECONDS).execute(this::kill);
  }

  /** Whether it may have to wait before it runs. */
  default boolean waits() {
    return false;
  }

  /** Writes where its threads are into its log, where it can. */
  default void dumpThreads() {}

  /** What operators find it by. */
  String name();

  /** The process that computes; null = it is not of this machine. */
  default @Nullable ProcessHandle process() {
    return null;
  }

  /** When all that it made is sent, or given up. */
  @Override
  void close() throws InterruptedException;

  /** Where the trainers of a worker come from. */
  @FunctionalInterface
  interface Trainers {
    /**
     * @param directory of the run
     * @param errors file that gets what a trainer says to operators
     */
    Trainer start(Lease lease, Path directory, Path errors) throws IOException;
  }
}
