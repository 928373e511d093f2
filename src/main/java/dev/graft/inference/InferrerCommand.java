package dev.graft.inference;

import dev.graft.spec.Quantization.NamedQuantization;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The warm child of a server: see {@link dev.graft.inference.child}. Not for people. */
@Command(
    name = "inferrer",
    hidden = true,
    description = "Answer chats on one base model; JSON lines in and out.")
public final class InferrerCommand implements Callable<Integer> {
  @SuppressWarnings("NullAway.Init")
  @Option(names = "--model", required = true, description = "Directory of the base model.")
  private Path model;

  @Option(
      names = "--trained",
      description = "Directory of a checkpoint whose weights take the place of the model's.")
  private @Nullable Path trained;

  @Option(names = "--classify", description = "Label texts instead of continuing them.")
  private boolean classifies;

  @Option(names = "--quantization", description = "Rounds the model: ${COMPLETION-CANDIDATES}.")
  private @Nullable NamedQuantization quantization;

  @Override
  public Integer call() throws InterruptedException {
    PrintStream lines = System.out;
    // Whatever a library prints must not come between the lines.
    System.setOut(System.err);
    new InferrerProgram(System.in, lines, () -> Runtime.getRuntime().halt(0))
        .serve(
            classifies, model, trained, quantization == null ? null : quantization.quantization());
    return 0;
  }
}
