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
 * The trainer of one run: a child process, or a job of a cluster. One thread starts, follows and
 * closes it; other threads ask it to end.
 */
interface Trainer extends AutoCloseable {
  /**
   * Sends the request, then passes on every event until the run ends.
   *
   * @return the exit status, see {@link dev.graft.training.TrainerExit}
   * @throws IOException if a file of this machine cannot be read or written
   */
  int follow(RunRequest request, Consumer<TrainingEvent> events)
      throws IOException, InterruptedException;

  void send(TrainerDirective directive);

  /** Kills the trainer. */
  void kill();

  /** Stops following the run, because the lease is lost. */
  void leave();

  /** Kills the trainer if it still runs after {@code grace}. */
  default void killAfter(Duration grace) {
    CompletableFuture.delayedExecutor(grace.toMillis(), TimeUnit.MILLISECONDS).execute(this::kill);
  }

  /** Returns whether the run may have to wait before it begins. */
  default boolean waits() {
    return false;
  }

  /** Writes a thread dump into the trainer's log, if possible. */
  default void dumpThreads() {}

  /** Returns the name by which operators find the trainer. */
  String name();

  /** Returns the process that computes; null = it is not on this machine. */
  default @Nullable ProcessHandle process() {
    return null;
  }

  /** Closes the trainer after its results were sent or given up. */
  @Override
  void close() throws InterruptedException;

  /** Starts the trainers of a device. */
  @FunctionalInterface
  interface Trainers {
    /**
     * @param directory of the run
     * @param errors file for messages of the trainer to operators
     */
    Trainer start(Lease lease, Path directory, Path errors) throws IOException;
  }
}
