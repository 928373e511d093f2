package dev.graft.cli;

import dev.graft.cli.doctor.DoctorReport;
import dev.graft.cli.doctor.Examination;
import dev.graft.cli.doctor.Installation;
import java.io.PrintWriter;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Says whether this machine is fit to serve or to work, and what to do where it is not. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description =
        "Say whether this machine is fit to serve or to work, and what to do where it is not;"
            + " status 3 if something is missing. Changes nothing.")
final class DoctorCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--role", defaultValue = "all", description = "all, server or worker, as serve.")
  private ServeCommand.ProcessRole role = ServeCommand.ProcessRole.ALL;

  @Option(names = "--port", description = "Port of the API, as serve (8080).")
  private @Nullable Integer port;

  @Mixin private ServerOptions options = new ServerOptions();

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "A running server to look at, for --role worker the worker's.")
  private @Nullable String server;

  @Option(names = "--json", description = "One JSON object with the same.")
  private boolean json;

  @Override
  public Integer call() {
    DoctorReport report = Examination.of(installation());
    PrintWriter out = spec.commandLine().getOut();
    out.print(json ? report.json() : report.text());
    out.flush();
    return report.exitStatus();
  }

  private Installation installation() {
    List<String> arguments = new ArrayList<>(options.arguments());
    if (port != null) arguments.add("--server.port=" + port);
    if (server != null) {
      check(server);
      if (role == ServeCommand.ProcessRole.WORKER)
        arguments.add("--graft.worker.server-url=" + server);
    }
    return Installation.read(arguments, role.defaults(), role.profiles(), server);
  }

  private void check(String url) {
    try {
      URI uri = URI.create(url);
      if (uri.getHost() != null && List.of("http", "https").contains(uri.getScheme())) return;
    } catch (IllegalArgumentException notAUri) {
      // said below
    }
    throw new ParameterException(spec.commandLine(), "not the URL of a server: " + url);
  }
}
