package dev.graft.training;

import dev.graft.spec.TrainingSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/** Runs from settings as a request has them, and what the last one said. */
public final class RecordedRuns {
  public final List<TrainingEvent> events = new ArrayList<>();

  /** With one thread, and checkpoints in the output. */
  public static TrainingRun of(
      String spec, Path base, Path rows, @Nullable Path held, Path out, @Nullable Path resumeFrom) {
    return of(spec, base, rows, held, out, resumeFrom, 1);
  }

  /**
   * @param spec JSON with {@code '} for {@code "}
   */
  public static TrainingRun of(
      String spec,
      Path base,
      Path rows,
      @Nullable Path held,
      Path out,
      @Nullable Path resumeFrom,
      int threads) {
    return new TrainingRun(
        resolved(spec),
        new RunRequest.Base(base, "tiny"),
        new RunRequest.Data(rows, held),
        new RunRequest.Directories(out, out.resolve("checkpoints"), resumeFrom),
        null,
        new RunRequest.Machine("cpu", threads));
  }

  /**
   * @param stopAfter number of steps before a checkpoint and the end; 0 = all
   */
  public TrainerExit run(TrainingRun run, int stopAfter) {
    events.clear();
    return FineTune.run(run, events::add, once(stopAfter, TrainerDirective.STOP_AFTER_CHECKPOINT));
  }

  private static TrainingSpec resolved(String spec) {
    return TrainingSpec.resolve(
        new JsonMapper().readTree(spec.replace('\'', '"')), null, null, null);
  }

  /** A whole run of settings as {@link #of} takes them. */
  public TrainerExit run(String spec, Path base, Path rows, Path out, String device) {
    return run(resolved(spec), base, rows, out, device);
  }

  /** A whole run. */
  public TrainerExit run(TrainingSpec spec, Path base, Path rows, Path out, String device) {
    return run(
        new TrainingRun(
            spec,
            new RunRequest.Base(base, "tiny"),
            new RunRequest.Data(rows, null),
            new RunRequest.Directories(out, out.resolve("checkpoints"), null),
            null,
            new RunRequest.Machine(device, 1)),
        0);
  }

  /** The directive, once, after so many steps; 0 = never. */
  public Supplier<@Nullable TrainerDirective> once(int steps, TrainerDirective directive) {
    AtomicBoolean said = new AtomicBoolean(steps == 0);
    return () ->
        of(TrainingEvent.Progress.class).size() == steps && said.compareAndSet(false, true)
            ? directive
            : null;
  }

  public <E extends TrainingEvent> List<E> of(Class<E> type) {
    return events.stream().filter(type::isInstance).map(type::cast).toList();
  }
}
