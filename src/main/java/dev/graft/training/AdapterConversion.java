package dev.graft.training;

import dev.graft.weights.BadModel;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.SavedAdapter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A command that reads a base model and an adapter of it, and writes one in another form. */
@SuppressWarnings("NullAway.Init") // picocli fills the fields
abstract class AdapterConversion implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  @Option(names = "--model", required = true, paramLabel = "DIR", description = "the base model")
  private Path model;

  @Option(names = "--adapter", required = true, paramLabel = "DIR", description = "PEFT directory")
  private Path adapter;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "PATH",
      description = "where the result goes")
  private Path out;

  @Spec private CommandSpec spec;

  /**
   * @throws BadModel for files that cannot be read, or written in that form
   * @throws IllegalArgumentException likewise
   */
  abstract void write(Path out, ModelDirectory base, SavedAdapter adapter);

  @Override
  public final Integer call() {
    try (ModelDirectory base = ModelDirectory.open(model);
        SavedAdapter saved = SavedAdapter.read(adapter)) {
      write(out, base, saved);
    } catch (BadModel | IllegalArgumentException refused) {
      spec.commandLine().getErr().println("graft: " + refused.getMessage());
      return REQUEST_WRONG;
    }
    spec.commandLine().getOut().println(out);
    return 0;
  }

  /** What the base is called in what is written. */
  final String baseName() {
    return name(model, "base");
  }

  final Path adapterDirectory() {
    return adapter;
  }

  final String adapterName() {
    return name(adapter, "adapter");
  }

  private static String name(Path directory, String otherwise) {
    Path name = directory.toAbsolutePath().normalize().getFileName();
    return name == null ? otherwise : name.toString();
  }
}
