package dev.graft.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code graft login}: keeps a server and a key for the commands to come. */
@Command(
    name = "login",
    mixinStandardHelpOptions = true,
    description =
        "Keep a server's address and a key, for files, jobs, adapters and keys. The key is asked"
            + " for, or read from standard input.")
public final class LoginCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--server",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:8080",
      description = "The server's address (${DEFAULT-VALUE}).")
  private String server = "";

  @Override
  public Integer call() throws IOException {
    Login login = new Login(server, key());
    try (GraftApi api = Connection.open(login, System.getenv())) {
      int models = api.get("/v1/models").path("data").size();
      var file = Connection.file(System.getenv());
      login.keep(file);
      spec.commandLine()
          .getOut()
          .println(
              "The key is good for %d models at %s. Kept in %s.".formatted(models, server, file));
      spec.commandLine().getOut().flush();
    }
    return 0;
  }

  private static String key() throws IOException {
    var console = System.console();
    if (console != null && console.isTerminal()) {
      char[] typed = console.readPassword("API key: ");
      return typed == null ? "" : new String(typed).strip();
    }
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line = input.readLine();
    if (line == null || line.isBlank()) {
      throw new IllegalArgumentException("no key came on standard input");
    }
    return line.strip();
  }
}
