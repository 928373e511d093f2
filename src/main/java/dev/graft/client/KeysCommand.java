package dev.graft.client;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code graft keys}: manages the keys of a department, for its owners and administrators. */
@Command(
    name = "keys",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | create | rotate | delete)",
    description =
        "Manage the keys of a department over the API (needs an owner's or administrator's key).",
    subcommands = {
      KeysCommand.ListAll.class,
      KeysCommand.Create.class,
      KeysCommand.RotateKey.class,
      KeysCommand.Delete.class
    })
public final class KeysCommand extends CommandGroup {
  private static final String PROJECTS = "/v1/organization/projects";

  private static final Table KEYS =
      new Table()
          .text("KEY", "/id")
          .text("SECRET", "/redacted_value")
          .time("CREATED", "/created_at")
          .time("LAST USED", "/last_used_at")
          .time("EXPIRES", "/expires_at")
          .column("DEPARTMENT", key -> key.path("project").path("name").asString("-"))
          .text("NAME", "/name")
          .text("REPLACES", "/replaces");

  /** The department whose keys to manage. */
  static final class DepartmentOption {
    @Option(
        names = "--department",
        required = true,
        paramLabel = "NAME|ID",
        description = "The department's id (proj_...); with an administrator's key, its name.")
    private String department = "";

    String path(GraftApi api) {
      if (department.startsWith("proj_")) return PROJECTS + "/" + ApiCommand.escaped(department);
      return PROJECTS + "/" + project(api, department).path("id").asString();
    }
  }

  /** Returns the department with its id and name. */
  private static JsonNode project(GraftApi api, String department) {
    if (department.startsWith("proj_")) {
      return api.get(PROJECTS + "/" + ApiCommand.escaped(department));
    }
    return ApiCommand.list(api, PROJECTS, Integer.MAX_VALUE).stream()
        .filter(project -> department.equals(project.path("name").asString()))
        .findFirst()
        .orElseThrow(
            () ->
                new IllegalArgumentException("there is no department with the name " + department));
  }

  @Command(name = "list", description = "List keys that are not deleted.")
  static final class ListAll extends ApiCommand {
    @Option(
        names = "--department",
        paramLabel = "NAME|ID",
        description = "Only keys of this department; without it, administrators see all keys.")
    private @Nullable String department;

    @Override
    int run(GraftApi api) {
      List<JsonNode> keys = new ArrayList<>();
      if (department == null) {
        keys.addAll(list(api, "/v1/organization/admin_api_keys", Integer.MAX_VALUE));
        list(api, PROJECTS, Integer.MAX_VALUE).forEach(each -> keys.addAll(of(api, each)));
      } else {
        keys.addAll(of(api, project(api, department)));
      }
      show(keys, KEYS);
      return 0;
    }

    /** Returns a department's keys, each with its department as in the audit log. */
    private static List<JsonNode> of(GraftApi api, JsonNode project) {
      String id = project.path("id").asString();
      List<JsonNode> keys =
          list(api, PROJECTS + "/" + escaped(id) + "/api_keys", Integer.MAX_VALUE);
      for (JsonNode key : keys) {
        ((ObjectNode) key)
            .putObject("project")
            .put("id", id)
            .put("name", project.path("name").asString());
      }
      return keys;
    }
  }

  @Command(name = "create", description = "Create a service account and its key, shown only once.")
  static final class Create extends ApiCommand {
    @Mixin private DepartmentOption department = new DepartmentOption();

    @Option(names = "--name", required = true, description = "The name of the service account.")
    private String name = "";

    @Option(
        names = "--scope",
        paramLabel = "SCOPE",
        description = "A scope of the key, to allow less than its account may do; may be repeated.")
    private @Nullable List<String> scopes;

    @Override
    int run(GraftApi api) {
      String accounts = department.path(api) + "/service_accounts";
      ObjectNode body = object().put("name", name);
      if (scopes == null) {
        JsonNode account = api.post(accounts, body);
        show(account, account.at("/api_key/value").asString());
        return 0;
      }
      JsonNode account = api.post(accounts, body.put("create_service_account_only", true));
      ArrayNode wanted = object().putArray("scopes");
      scopes.forEach(wanted::add);
      ObjectNode key = object().put("name", name);
      key.set("scopes", wanted);
      String keys = accounts + "/" + account.path("id").asString() + "/api_keys";
      JsonNode made = api.post(keys, key);
      show(made, made.path("value").asString());
      return 0;
    }
  }

  @Command(name = "rotate", description = "Replace a key by a new one and print it.")
  static final class RotateKey extends ApiCommand {
    @Mixin private DepartmentOption department = new DepartmentOption();

    @Parameters(paramLabel = "KEY_ID")
    private String id = "";

    @Option(
        names = "--overlap-seconds",
        defaultValue = "0",
        description = "Seconds that the old key stays valid; 0 revokes it immediately.")
    private long overlap;

    @Override
    int run(GraftApi api) {
      String path = department.path(api) + "/api_keys/" + escaped(id) + "/rotate";
      JsonNode made = api.post(path, object().put("overlap_seconds", overlap));
      show(made, made.path("value").asString());
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete a key; requests with it are then refused.")
  static final class Delete extends ApiCommand {
    @Mixin private DepartmentOption department = new DepartmentOption();

    @Parameters(paramLabel = "KEY_ID")
    private String id = "";

    @Override
    int run(GraftApi api) {
      show(api.delete(department.path(api) + "/api_keys/" + escaped(id)), "deleted");
      return 0;
    }
  }
}
