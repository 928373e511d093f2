package dev.graft.client;

import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
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
            + " for, or read from standard input; --sso signs in at the server's identity"
            + " provider instead.")
public final class LoginCommand implements Callable<Integer> {
  private static final int FORBIDDEN = 403;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--server",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:8080",
      description = "The server's address (${DEFAULT-VALUE}).")
  private String server = "";

  @Option(
      names = "--sso",
      description = "Sign in at the server's identity provider, in a browser on any machine.")
  private boolean sso;

  @Override
  public Integer call() throws IOException {
    Map<String, String> environment = System.getenv();
    Path file = Connection.file(environment);
    Login login = sso ? signIn(environment) : Login.withKey(server, key());
    try (GraftApi api = Connection.open(login, file, environment)) {
      String models = models(api);
      login.keep(file);
      spec.commandLine()
          .getOut()
          .println("Signed in at %s%s. The login is kept in %s.".formatted(server, models, file));
      spec.commandLine().getOut().flush();
    }
    return 0;
  }

  /** An administrator's key, or one of few scopes, is known to the server and sees none. */
  private static String models(GraftApi api) {
    try {
      return "; models available: %d".formatted(api.get("/v1/models").path("data").size());
    } catch (ApiRefused refused) {
      if (refused.status() != FORBIDDEN) throw refused;
      return "";
    }
  }

  private Login signIn(Map<String, String> environment) throws IOException {
    var http =
        Connection.open(Login.withKey(server, ""), Connection.file(environment), environment);
    try (GraftApi api = http) {
      SingleSignOn signOn =
          new SingleSignOn(
              Connection.providerTokens(environment),
              pause -> LockSupport.parkNanos(pause.toNanos()));
      return signOn.signIn(
          server, api.get("/.well-known/oauth-protected-resource"), this::askToConfirm);
    }
  }

  private void askToConfirm(DeviceAuthorizationSuccessResponse code) {
    URI complete = code.getVerificationURIComplete();
    var err = spec.commandLine().getErr();
    err.println("Open " + code.getVerificationURI() + " and enter " + code.getUserCode());
    if (complete != null) err.println("or open " + complete);
    err.flush();
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
