package dev.graft.training;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The first steps of a run, timed: its own loop on its own rows, which ends before there is a
 * result.
 *
 * @param warmup first steps that do not count
 * @param steps that count
 * @param machine what it computes on
 */
record TrainingBenchmark(SpecFile spec, int warmup, int steps, RunRequest.Machine machine) {
  /**
   * @param out an empty directory for what the run may write
   * @throws BadRun if the run cannot be made, or has fewer steps
   */
  public StepReport run(Path out) throws IOException {
    TrainingRun run = spec.withoutValidation().run(out, machine);
    try (StepWork work = new StepWork(spec, run.execution());
        PeakMemory memory = new PeakMemory()) {
      StepRecorder recorder = new StepRecorder(warmup, steps, work::now);
      FineTune.run(run, recorder::hear, recorder::next, recorder);
      if (recorder.measured().size() < steps) {
        throw new BadRun(
            "adapter.training",
            "the run has %d steps; --warmup %d and --steps %d need %d"
                .formatted(recorder.losses().size(), warmup, steps, warmup + steps));
      }
      StepReport.Memory most = memory(run, memory.peak());
      return StepReport.of(run, recorder, work.of(recorder.measured()), most);
    }
  }

  private StepReport.Memory memory(TrainingRun run, PeakMemory.Peak peak) throws IOException {
    RowSizes rows = RowSizes.of(spec.trainingFile());
    MemoryNeed need = TrainedParts.of(spec.baseModel(), spec.spec(), rows).memory();
    long estimate = run.execution().turnsWeights() ? need.onCpu(machine.memory()) : need.bytes();
    return new StepReport.Memory(peak, need.weights(), estimate);
  }
}
