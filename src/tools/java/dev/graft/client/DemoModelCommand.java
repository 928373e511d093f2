package dev.graft.client;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** See {@link BaseModelRecipe}; {@code demo/build-base-model} is its only user. */
@Command(
    name = "demo-model",
    hidden = true,
    description = "Write the inputs for pre-training the demo base model.")
public final class DemoModelCommand implements Callable<Integer> {
  @Option(names = "--out", required = true)
  private Path out = Path.of(".");

  @Option(names = "--hidden", defaultValue = "128")
  private int hidden;

  @Option(names = "--layers", defaultValue = "4")
  private int layers;

  @Option(names = "--conversations", defaultValue = "80000")
  private int conversations;

  @Override
  public Integer call() throws IOException {
    BaseModelRecipe.of(hidden, layers, conversations).write(out);
    return 0;
  }
}
