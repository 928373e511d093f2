package dev.graft.cli;

import dev.graft.client.LocalLogin;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What {@link LocalLogin} asks a running server for: its address and a new key, a line each. */
@Command(name = LocalLoginCommand.NAME, hidden = true)
final class LocalLoginCommand implements Callable<Integer> {
  static final String NAME = LocalLogin.COMMAND;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(names = "--department", required = true)
  private String department = "";

  @Option(names = "--name", required = true)
  private String name = "";

  @Override
  public Integer call() {
    try (ServerContext server = ServerContext.open(new ServerOptions())) {
      String id = server.get(Departments.class).ensure(department);
      String key = server.get(ApiKeys.class).create(id, Scope.USER, name, null).secret();
      PrintWriter out = spec.commandLine().getOut();
      out.println(server.url());
      out.println(key);
      out.flush();
    }
    return 0;
  }
}
