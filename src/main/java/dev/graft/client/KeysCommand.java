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

/** {@code graft keys}: the keys of a department, for its owners and for administrators. */
@Command(
    name = "keys",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "(list | create | rotate | delete)",
    description =
        "The keys of a department, over the API (needs an owner's or administrator's key).",
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

  /** Whose keys. */
  static final class DepartmentOption {
    @Option(
        names = "--department",
        required = true,
        paramLabel = "NAME|ID",
        description = "A department's id (proj_...); its name, if the key is an administrator's.")
    private String department = "";

    String path(GraftApi api) {
      if (department.startsWith("proj_")) return PROJECTS + "/" + ApiCommand.escaped(department);
      return PROJECTS + "/" + project(api, department).path("id").asString();
    }
  }

  /** With its id and its name. */
  private static JsonNode project(GraftApi api, String department) {
    if (department.startsWith("proj_")) {
      return api.get(PROJECTS + "/" + ApiCommand.escaped(department));
    }
    return ApiCommand.list(api, PROJECTS, Integer.MAX_VALUE).stream()
        .filter(project -> department.equals(project.path("name").asString()))
        .findFirst()
        .orElseThrow(
            () -> new IllegalArgumentException("no department has the name " + department));
  }

  @Command(name = "list", description = "Keys that are not deleted.")
  static final class ListAll extends ApiCommand {
    @Option(
        names = "--department",
        paramLabel = "NAME|ID",
        description = "Only these; left out, administrators see every key there is.")
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

    /** Each with its department, as the audit log has it. */
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

  @Command(
      name = "create",
      description = "A service account and its key, which is shown this once.")
  static final class Create extends ApiCommand {
    @Mixin private DepartmentOption department = new DepartmentOption();

    @Option(names = "--name", required = true, description = "Of the service account.")
    private String name = "";

    @Option(
        names = "--scope",
        paramLabel = "SCOPE",
        description = "What the key may do, if not all its account may; repeat it for more.")
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

  @Command(name = "rotate", description = "The successor of a key; the old one ends.")
  static final class RotateKey extends ApiCommand {
    @Mixin private DepartmentOption department = new DepartmentOption();

    @Parameters(paramLabel = "KEY_ID")
    private String id = "";

    @Option(
        names = "--overlap-seconds",
        defaultValue = "0",
        description = "How long the old key stays valid; 0 ends it at once.")
    private long overlap;

    @Override
    int run(GraftApi api) {
      String path = department.path(api) + "/api_keys/" + escaped(id) + "/rotate";
      JsonNode made = api.post(path, object().put("overlap_seconds", overlap));
      show(made, made.path("value").asString());
      return 0;
    }
  }

  @Command(name = "delete", description = "Delete a key; what still uses it is refused.")
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
