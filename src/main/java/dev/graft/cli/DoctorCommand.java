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
import picocli.CommandLine.Option;

/** {@code graft doctor}: checks whether this machine can run a server or a worker. */
@Command(
    name = "doctor",
    mixinStandardHelpOptions = true,
    description =
        "Check whether this machine can run a server or a worker, and suggest a fix for each"
            + " problem. Changes nothing; exits with status 3 if something is missing.")
final class DoctorCommand extends CliCommand implements Callable<Integer> {
  @Option(names = "--role", defaultValue = "all", description = "Role: all, server or worker.")
  private ServeCommand.ProcessRole role = ServeCommand.ProcessRole.ALL;

  @Option(names = "--port", description = "Port of the API (8080).")
  private @Nullable Integer port;

  @Mixin private ServerOptions options = new ServerOptions();

  @Option(
      names = "--server",
      paramLabel = "URL",
      description = "A running server to check; with --role worker, the worker's server.")
  private @Nullable String server;

  @Option(names = "--json", description = "Print the report as one JSON object.")
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
      // reported below
    }
    throw wrong("not the URL of a server: " + url);
  }
}
