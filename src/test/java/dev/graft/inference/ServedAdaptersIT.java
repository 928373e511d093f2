package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.adapters.PublishedAdapters.Published;
import dev.graft.inference.ConfiguredEngines.EnginesProperties.Publish;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What an engine should have, and what it is asked for. */
@GraftIT
@RestingLoops
class ServedAdaptersIT {
  @LocalServerPort private int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private PublishedAdapters published;
  @Autowired private ConfiguredEngines.ServedAdapters served;

  private static ConfiguredEngines.EnginesProperties.Server engine(
      String base, String bucket, Publish publish, String... departments) {
    Path directory = bucket == null ? Path.of("adapters") : null;
    return new ConfiguredEngines.EnginesProperties.Server(
        "gpu-1",
        null,
        null,
        directory,
        null,
        bucket,
        "",
        Map.of(base, "org/" + base),
        List.of(departments),
        publish);
  }

  private Published prod(String department, String base) throws Exception {
    Published model = published.publishOn(base, department);
    ApiClient own = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    ApiClient.ok(
        own.post("/v1/aliases", "{'name': 'prod', 'model': '%s'}".formatted(model.model())));
    return model;
  }

  @Test
  void aNameThatIsNoPartOfAPathIsAnId() throws Exception {
    String base = "base-" + UUID.randomUUID();
    String department = departments.ensure("../" + UUID.randomUUID());
    Published model = prod(department, base);
    assertThat(served.at(engine(base, null, Publish.ALIASES)))
        .singleElement()
        .satisfies(
            each -> {
              assertThat(each.name()).isEqualTo(department + "/prod");
              assertThat(each.base()).isEqualTo("org/" + base);
              assertThat(each.adapter().id()).isEqualTo(model.id());
            });
  }

  @Test
  void anEngineHasWhatItsSettingsSay() throws Exception {
    String base = "base-" + UUID.randomUUID();
    String name = "d-" + UUID.randomUUID();
    String department = departments.ensure(name);
    Published model = prod(department, base);
    Published other = published.publishOn(base, department);
    String guests = departments.ensure("g-" + UUID.randomUUID());
    prod(guests, base);
    assertThat(names(engine(base, null, Publish.ALIASES, name))).containsExactly(name + "/prod");
    assertThat(names(engine(base, null, Publish.ALL, name)))
        .containsExactlyInAnyOrder(name + "/prod", model.model(), other.model());
    // There are no aliases in a bucket.
    assertThat(names(engine(base, "b", Publish.ALIASES, name))).containsExactly(model.model());
    assertThat(names(engine("another", null, Publish.ALL))).isEmpty();
    assertThat(names(engine(base, null, Publish.ALIASES))).hasSize(2);
    departments.archive(guests);
    assertThat(names(engine(base, null, Publish.ALIASES))).containsExactly(name + "/prod");
  }

  private List<String> names(ConfiguredEngines.EnginesProperties.Server engine) {
    return served.at(engine).stream().map(AdapterPlace.Served::name).toList();
  }
}
