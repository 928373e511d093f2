package dev.graft.training;

import dev.graft.weights.BadModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The child of a server that makes a form of a result. Not for people. */
@Command(name = "exporter", hidden = true, description = "Make one form of a result.")
@SuppressWarnings("NullAway.Init") // picocli fills the fields
public final class ExporterCommand implements Callable<Integer> {
  private static final int REQUEST_WRONG = 2;

  @Parameters(paramLabel = "FILE", description = "the order, as JSON")
  private Path order;

  @Spec private CommandSpec spec;

  @Override
  public Integer call() throws IOException {
    try {
      ExportOrder.read(order).run();
      return 0;
    } catch (BadModel | IllegalArgumentException refused) {
      spec.commandLine().getErr().println("graft: " + refused.getMessage());
      return REQUEST_WRONG;
    }
  }
}
