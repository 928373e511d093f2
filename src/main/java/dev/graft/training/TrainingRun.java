package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.spec.Hyperparameters.GradientCheckpointing;
import dev.graft.spec.TrainingSpec;
import dev.graft.training.RunRequest.Base;
import dev.graft.training.RunRequest.Data;
import dev.graft.training.RunRequest.Directories;
import dev.graft.training.RunRequest.Machine;
import dev.graft.training.RunRequest.Parent;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A run request whose adapter has been resolved. */
record TrainingRun(
    TrainingSpec spec,
    Base base,
    Data data,
    Directories directories,
    @Nullable Parent parent,
    Machine machine) {
  /** Returns the directory that training continues from; null = none. */
  public @Nullable Path startFrom() {
    return parent == null ? null : parent.directory();
  }

  /** Returns the execution by the settings. */
  public Execution execution() {
    return execution(plan());
  }

  /** Returns the plan by settings and memory. */
  public ComputePlan plan(MemoryNeed.FittingPlan fitting) {
    Long memory = machine.memory();
    long room = memory == null || machine.least() || !execution().turnsWeights() ? 0 : memory;
    ComputePlan plan = fitting.turningWeights(plan(), room);
    Long planned = planned();
    return planned == null ? plan : fitting.within(plan, planned);
  }

  private ComputePlan plan() {
    return switch (spec.training().gradientCheckpointing()) {
      case OFF -> ComputePlan.KEEP;
      case ON, AUTO -> new ComputePlan(ComputePlan.Kind.RECOMPUTE);
    };
  }

  public Execution execution(ComputePlan plan) {
    return new Execution(
        machine.device(), spec.training().precision(), spec.training().autocast(), plan, threads());
  }

  /**
   * Returns the bytes of the device that the run is planned for; 0 = the minimum, null = no plan,
   * because the settings decide or the device's memory is unknown.
   */
  public @Nullable Long planned() {
    if (machine.least()) return 0L;
    boolean auto = spec.training().gradientCheckpointing() == GradientCheckpointing.AUTO;
    return auto ? machine.memory() : null;
  }

  /** Returns the directory of tokenised rows. */
  public Path tokens() {
    Path shared = directories.tokens();
    return shared != null ? shared : directories.checkpoints().resolveSibling("tokens");
  }

  /** Returns the CPU threads of the computation. */
  public int threads() {
    int asked = machine.threads();
    return asked > 0 ? asked : Runtime.getRuntime().availableProcessors();
  }

  /** Returns the same run continuing from an earlier result, which is named after its directory. */
  public TrainingRun startingFrom(@Nullable Path earlier) {
    Parent from =
        earlier == null
            ? null
            : new Parent(
                String.valueOf(earlier.toAbsolutePath().normalize().getFileName()), earlier);
    return new TrainingRun(spec, base, data, directories, from, machine);
  }
}
