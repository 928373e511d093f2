package dev.graft.training;

import dev.graft.model.LibtorchCheck;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import tools.jackson.databind.json.JsonMapper;

/** The child process of {@code graft doctor} that loads libtorch. Not for users. */
@Command(
    name = "libtorch-check",
    hidden = true,
    description = "Load libtorch, compute a product and print one JSON line.")
public final class LibtorchCheckCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    PrintStream lines = System.out;
    // Output of libraries must not mix with the JSON lines.
    System.setOut(System.err);
    LibtorchCheck.Result result = LibtorchCheck.run();
    Map<String, Object> line =
        Map.of("version", result.version(), "devices", List.copyOf(result.devices()));
    lines.println(JsonMapper.shared().writeValueAsString(line));
    lines.flush();
    return 0;
  }
}
