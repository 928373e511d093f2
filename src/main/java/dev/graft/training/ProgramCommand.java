package dev.graft.training;

import dev.graft.kernels.BatchContext;
import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.ModelProgram;
import dev.graft.model.TrainingProgram;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Precision;
import dev.graft.spec.Quantization;
import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import dev.graft.weights.Task;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Prints the text that training runs. */
@Command(
    name = "program",
    mixinStandardHelpOptions = true,
    description =
        "Print the TorchScript that training of an adapter runs on a base model: forward, backward,"
            + " the plain definition and decoding of each part. No weights are read.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class ProgramCommand implements Callable<Integer> {
  private static final AdamW UNUSED = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 0);
  private static final int REQUEST_WRONG = 2;

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "the base model")
  private Path model;

  @Option(
      names = "--adapter",
      required = true,
      paramLabel = "FILE",
      description = "an adapter object as in SPEC.json, or a PEFT directory")
  private Path adapter;

  @Option(
      names = "--layer",
      paramLabel = "N",
      description = "print only this layer, from 0; by default each program once")
  private @Nullable Integer layer;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() {
    PrintWriter err = spec.commandLine().getErr();
    try (ModelDirectory base = ModelDirectory.open(model)) {
      print(Files.isDirectory(adapter) ? saved(base) : asked(base));
      return 0;
    } catch (SpecRejected e) {
      e.problems().forEach(p -> err.println("graft: " + p.path() + ": " + p.message()));
    } catch (BadModel | BadRun | IllegalArgumentException refused) {
      err.println("graft: " + refused.getMessage());
    }
    return REQUEST_WRONG;
  }

  private ModelProgram saved(ModelDirectory base) {
    try (SavedAdapter saved = SavedAdapter.read(adapter)) {
      return program(base, head(base), saved.method(), null, Precision.F32, Regularisation.NONE);
    }
  }

  /** Returns the task that an adapter was trained for, or that of the base if unknown. */
  private Task head(ModelDirectory base) {
    Task named = new StartFrom(adapter).head();
    if (named != null) return named;
    return switch (SavedAdapter.taskType(adapter)) {
      case "SEQ_CLS" -> TrainedParts.task(Objective.CLASSIFICATION);
      case "CAUSAL_LM" -> TrainedParts.task(Objective.SFT);
      case null, default -> base.config().task();
    };
  }

  private ModelProgram asked(ModelDirectory base) {
    TrainingSpec asked = TrainingSpec.resolve(SpecFile.json(adapter), null, null, null);
    return program(
        base,
        TrainedParts.task(asked.objective()),
        asked.method(),
        asked.quantization(),
        asked.training().precision(),
        asked.training().regularisation());
  }

  /** Creates the program; the number of labels in the data does not change it. */
  private static ModelProgram program(
      ModelDirectory base,
      Task head,
      AdapterMethod method,
      @Nullable Quantization quantization,
      Precision precision,
      Regularisation regularisation) {
    Execution execution = Execution.cpu(precision, ComputePlan.KEEP);
    try (ModelDirectory model = base.withTask(head)) {
      return TrainingProgram.of(
          model,
          new TrainingSetup(
              method, UNUSED, execution, 0, quantization, regularisation, null, false));
    }
  }

  private void print(ModelProgram program) {
    PrintWriter out = spec.commandLine().getOut();
    List<ModelProgram.Part> parts = program.parts();
    if (layer != null) {
      if (layer < 0 || layer >= parts.size() - 2) {
        throw new IllegalArgumentException("the base has layers 0 to " + (parts.size() - 3));
      }
      parts = List.of(parts.get(layer + 1)); // the first part is the embedding
    }
    Set<String> programs =
        parts.stream()
            .map(ModelProgram.Part::program)
            .collect(Collectors.toCollection(LinkedHashSet::new));
    for (BatchContext each : BatchContext.values())
      out.println("# " + each.reference() + " " + each);
    for (String each : programs) print(each, program.text(each), parts, out);
    out.flush();
  }

  /** Prints a program after the parts that run it and its tensors by their names below a part. */
  private static void print(
      String program, String text, List<ModelProgram.Part> parts, PrintWriter out) {
    List<ModelProgram.Part> of = parts.stream().filter(p -> p.program().equals(program)).toList();
    out.println();
    out.print("# " + program);
    for (ModelProgram.Part each : of) if (!each.prefix().isEmpty()) out.print(" " + each.prefix());
    out.println();
    List<String> names = of.getFirst().tensors().names();
    List<String> trained = of.getFirst().tensors().trainedInOrder();
    for (int i = 0; i < names.size(); i++) {
      int gradient = trained.indexOf(names.get(i));
      String trains = gradient < 0 ? "" : ", trains: gradients[" + gradient + "]";
      out.println("# w[" + i + "] " + names.get(i) + trains);
    }
    out.print(text);
  }
}
