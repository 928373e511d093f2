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

/** What to train, on what, and where to: a request whose adapter has been read. */
public record TrainingRun(
    TrainingSpec spec,
    Base base,
    Data data,
    Directories directories,
    @Nullable Parent parent,
    Machine machine) {
  /** Where training goes on from, if it does not begin as the method does. */
  public @Nullable Path startFrom() {
    return parent == null ? null : parent.directory();
  }

  /** As the settings say. */
  public Execution execution() {
    return execution(plan());
  }

  /** As the settings say, and as memory allows. */
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
   * Bytes of the device that the run is to be planned for; 0 = as few as can be, null = none: the
   * settings decide, or the device's memory is not known.
   */
  public @Nullable Long planned() {
    if (machine.least()) return 0L;
    boolean auto = spec.training().gradientCheckpointing() == GradientCheckpointing.AUTO;
    return auto ? machine.memory() : null;
  }

  /** Where tokenised rows are kept. */
  public Path tokens() {
    Path shared = directories.tokens();
    return shared != null ? shared : directories.checkpoints().resolveSibling("tokens");
  }

  /** CPU threads of the math. */
  public int threads() {
    int asked = machine.threads();
    return asked > 0 ? asked : Runtime.getRuntime().availableProcessors();
  }

  /** The same, continuing from what an earlier run has made, which is called as its directory. */
  public TrainingRun startingFrom(@Nullable Path earlier) {
    Parent from =
        earlier == null
            ? null
            : new Parent(
                String.valueOf(earlier.toAbsolutePath().normalize().getFileName()), earlier);
    return new TrainingRun(spec, base, data, directories, from, machine);
  }
}
