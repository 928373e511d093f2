package dev.graft.cli;

import dev.graft.platform.Cursor;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller.Scope;
import dev.graft.tenancy.Departments;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code graft key}: manages API keys. Prints only the result on standard output, for scripts. */
@Command(
    name = "key",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(create | list | revoke | rotate)",
    description = "Create, list, revoke and rotate API keys; also works while the server runs.")
final class KeyCommand extends CliCommand implements Runnable {
  @Override
  public void run() {
    throw wrong("specify create, list, revoke or rotate");
  }

  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description =
          "Create a key and print it; it is shown only once. Creates the department if needed.")
  int create(
      @Option(
              names = "--department",
              paramLabel = "NAME",
              description =
                  "The key's department. Omit it with --scope admin for a key that belongs to no"
                      + " department.")
          @Nullable String department,
      @Option(names = "--scope", defaultValue = "user", description = "user or admin.") Scope scope,
      @Option(
              names = "--name",
              defaultValue = ApiKeys.UNNAMED,
              description = "A name for the key, shown in lists, jobs and the audit log.")
          String name,
      @Option(
              names = "--expires-in-days",
              paramLabel = "DAYS",
              description = "Days until the key expires; without it, the key does not expire.")
          @Nullable Integer days,
      @Mixin ServerOptions options) {
    if (days != null && days < 1) {
      throw wrong("--expires-in-days must be 1 or more");
    }
    if (department == null && scope == Scope.USER) {
      throw wrong("specify the key's owner: --department NAME, or --scope admin");
    }
    Duration lifetime = days == null ? null : Duration.ofDays(days);
    try (ServerContext server = ServerContext.open(options)) {
      ApiKeys keys = server.get(ApiKeys.class);
      print(
          (department == null
                  ? keys.createForAdministrator(name, lifetime)
                  : keys.create(
                      server.get(Departments.class).ensure(department), scope, name, lifetime))
              .secret());
    }
    return 0;
  }

  @Command(
      name = "list",
      mixinStandardHelpOptions = true,
      description = {
        "List the keys that are not revoked, one per line.",
        "Tab-separated: id, prefix, scope, expiry, last use, department, name, and for a rotated",
        "key the key that it replaces."
      })
  int list(
      @Option(
              names = "--department",
              paramLabel = "NAME",
              description =
                  "Only keys of this department; without it, the keys of administrators and all"
                      + " departments.")
          @Nullable String department,
      @Mixin ServerOptions options) {
    try (ServerContext server = ServerContext.open(options)) {
      ApiKeys keys = server.get(ApiKeys.class);
      Departments departments = server.get(Departments.class);
      if (department == null) {
        keys.list(null).forEach(key -> print(line(key, "-")));
        departments
            .list(new Cursor(null, Integer.MAX_VALUE - 1, Cursor.SortOrder.DESC), false)
            .forEach(each -> keys.list(each.id()).forEach(key -> print(line(key, each.name()))));
        return 0;
      }
      String id =
          departments
              .find(department)
              .orElseThrow(() -> wrong("no such department: " + department));
      keys.list(id).forEach(key -> print(line(key, department)));
    }
    return 0;
  }

  private static String line(ApiKeys.Listed key, String department) {
    String end = key.expiresAt() != null ? "expires " + key.expiresAt() : "valid";
    String used = key.lastUsedAt() == null ? "never used" : "last used " + key.lastUsedAt();
    String line =
        String.join(
            "\t",
            key.id(),
            key.prefix() + "...",
            key.admin() ? "admin" : "user",
            end,
            used,
            department,
            key.name());
    return key.replaces() == null ? line : line + "\treplaces " + key.replaces();
  }

  @Command(name = "revoke", mixinStandardHelpOptions = true, description = "Revoke a key at once.")
  int revoke(@Parameters(paramLabel = "KEY_ID") String id, @Mixin ServerOptions options) {
    try (ServerContext server = ServerContext.open(options)) {
      server.get(ApiKeys.class).revoke(id);
    }
    return 0;
  }

  @Command(
      name = "rotate",
      mixinStandardHelpOptions = true,
      description = "Replace a key by a new one with the same owner and scope, and print it.")
  int rotate(
      @Parameters(paramLabel = "KEY_ID") String id,
      @Option(
              names = "--overlap-minutes",
              defaultValue = "0",
              paramLabel = "MINUTES",
              description = "Minutes that the old key stays valid; 0 revokes it immediately.")
          int minutes,
      @Mixin ServerOptions options) {
    if (minutes < 0) {
      throw wrong("--overlap-minutes must be 0 or more");
    }
    try (ServerContext server = ServerContext.open(options)) {
      print(server.get(ApiKeys.class).rotate(id, Duration.ofMinutes(minutes)).secret());
    }
    return 0;
  }
}
