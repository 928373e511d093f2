package dev.graft.inference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.artifacts.FileArtifactStore;
import dev.graft.inference.AdapterPlace.VllmForm.Source;
import dev.graft.inference.EngineSync.EngineHealth;
import dev.graft.inference.EngineSync.EngineHealth.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** vLLM has what it should have, after whatever happened to it. */
class EngineSyncTests {
  private static final String ALIAS = "support/support-prod";
  private static final Clock CLOCK =
      Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC);

  @TempDir Path temporary;
  private Path root;
  private FileArtifactStore store;
  private VllmDouble vllm;
  private EngineHttp http;
  private EngineSync sync;
  private final Map<String, String> configurations = new HashMap<>();

  @BeforeEach
  void open() throws IOException {
    root = temporary.resolve("adapters");
    store = FileArtifactStore.open(temporary.resolve("store"));
    vllm = new VllmDouble();
    http = new EngineHttp(vllm.url(), VllmDouble.key());
    sync = sync(http);
  }

  private EngineSync sync(EngineHttp engine) {
    return new EngineSync(
        new AdapterPlace.ResolverDirectory(root, root, store),
        new EngineHttp.VllmAdapters(engine),
        List.of(VllmDouble.BASE),
        CLOCK);
  }

  @AfterEach
  void close() throws Exception {
    sync.close();
    http.close();
    vllm.close();
    store.close();
  }

  private static AdapterPlace.Served served(String name, String id) {
    return SampleAdapters.served(name, id);
  }

  private Source source(AdapterPlace.Served served) {
    String config = configurations.getOrDefault(served.adapter().id(), "{\"r\": 4}");
    return SampleAdapters.source(store, served, config);
  }

  private EngineHealth check(AdapterPlace.Served... wanted) throws InterruptedException {
    return sync.check(List.of(wanted), this::source, id -> !id.equals("deleted"));
  }

  private String weights(String name) throws IOException {
    return Files.readString(Path.of(vllm.loaded().get(name), "adapter_model.safetensors"));
  }

  @Test
  void anAliasIsLoadedReloadedWhereItMovesAndUnloadedWhereItGoes() throws Exception {
    assertThat(check(served(ALIAS, "one")).status()).isEqualTo(Status.READY);
    assertThat(weights(ALIAS)).isEqualTo("one");
    assertThat(Files.readString(root.resolve(ALIAS).resolve("adapter_config.json")))
        .isEqualTo("{\"r\": 4}");
    check(served(ALIAS, "one"));
    check(served(ALIAS, "two"));
    assertThat(weights(ALIAS)).isEqualTo("two");
    assertThat(Files.readString(root.resolve(ALIAS).resolve("adapter_model.safetensors")))
        .isEqualTo("two");
    check();
    assertThat(vllm.loaded()).isEmpty();
    assertThat(root.resolve(ALIAS)).doesNotExist();
    assertThat(vllm.asked()).containsExactly("load " + ALIAS, "reload " + ALIAS, "unload " + ALIAS);
  }

  @Test
  void anOlderEngineUnloadsFirst() throws Exception {
    vllm.inPlace = false;
    check(served(ALIAS, "one"));
    check(served(ALIAS, "two"));
    assertThat(weights(ALIAS)).isEqualTo("two");
    assertThat(vllm.asked())
        .containsExactly("load " + ALIAS, "load " + ALIAS, "unload " + ALIAS, "load " + ALIAS);
  }

  @Test
  void anEngineThatWasStartedAgainHasThemAgain() throws Exception {
    check(served(ALIAS, "one"), served("support/b", "two"));
    vllm.forgetAll();
    check(served(ALIAS, "one"), served("support/b", "two"));
    assertThat(vllm.loaded()).containsOnlyKeys(ALIAS, "support/b");
  }

  @Test
  void whatOthersHaveLoadedIsLeft() throws Exception {
    vllm.load("theirs", "/models/theirs");
    vllm.load(ALIAS, "/models/support");
    EngineHealth found = check(served(ALIAS, "one"));
    assertThat(found.status()).isEqualTo(Status.DEGRADED);
    assertThat(found.models().getFirst().error()).contains("that Graft has not loaded");
    assertThat(vllm.loaded())
        .containsEntry("theirs", "/models/theirs")
        .containsEntry(ALIAS, "/models/support");
  }

  @Test
  void oneThatIsRefusedIsToldAndTheOthersAreLoaded() throws Exception {
    configurations.put("large", "{\"r\": 64}");
    EngineHealth found = check(served("support/a", "large"), served(ALIAS, "one"));
    assertThat(found.status()).isEqualTo(Status.DEGRADED);
    assertThat(found.error()).isEqualTo("1 of its adapters failed.");
    assertThat(found.models().getFirst().error())
        .isEqualTo("LoRA rank 64 is greater than max_lora_rank 16.");
    assertThat(vllm.loaded()).containsOnlyKeys(ALIAS);
    // It is not asked at every check: an engine logs each refusal.
    int asked = vllm.asked().size();
    assertThat(check(served("support/a", "large"), served(ALIAS, "one")).models().getFirst())
        .isEqualTo(found.models().getFirst());
    assertThat(vllm.asked()).hasSize(asked);
  }

  @Test
  void anEngineWithoutTheEndpointsIsToldHowToStart() throws Exception {
    vllm.updating = false;
    assertThat(check(served(ALIAS, "one")).models().getFirst().error())
        .contains("VLLM_ALLOW_RUNTIME_LORA_UPDATING=True");
  }

  @Test
  void aWrongKeyAnotherBaseAndNoEngineAreTold() throws Exception {
    try (EngineHttp wrong = new EngineHttp(vllm.url(), "no-key");
        EngineSync asked = sync(wrong)) {
      EngineHealth found = asked.check(List.of(served(ALIAS, "one")), this::source, id -> true);
      assertThat(found.status()).isEqualTo(Status.UNREACHABLE);
      assertThat(found.error()).isEqualTo("The engine answered 401: Unauthorized");
    }
    EngineSync other =
        new EngineSync(
            new AdapterPlace.ResolverDirectory(root, root, store),
            new EngineHttp.VllmAdapters(http),
            List.of("org/other"),
            CLOCK);
    assertThat(other.check(List.of(), this::source, id -> true).error())
        .contains("does not serve [org/other]; it serves [org/served]");
    vllm.close();
    assertThat(check(served(ALIAS, "one")).status()).isEqualTo(Status.UNREACHABLE);
  }

  @Test
  void filesOfDeletedAdaptersGoAndThoseOfOthersStay() throws Exception {
    check(served(ALIAS, "deleted"), served("support/b", "kept"));
    check();
    try (var files = Files.list(root.resolve(".graft"))) {
      assertThat(files.map(each -> String.valueOf(each.getFileName())).toList())
          .singleElement()
          .asString()
          .startsWith("kept-");
    }
  }

  /** What is not Graft's in the directory is left. */
  @Test
  void theirOwnDirectoriesStay() throws Exception {
    Files.createDirectories(root.resolve("by-hand"));
    Files.createSymbolicLink(root.resolve("linked"), Path.of("by-hand"));
    check(served(ALIAS, "one"));
    check();
    assertThat(root.resolve("by-hand")).isDirectory();
    assertThat(root.resolve("linked")).isSymbolicLink();
  }
}
