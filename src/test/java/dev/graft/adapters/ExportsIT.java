package dev.graft.adapters;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.ExpectedLog;
import dev.graft.TestProgram;
import dev.graft.console.PageClient;
import dev.graft.openai.StartedGraft;
import dev.graft.platform.work.WorkLoops;
import dev.graft.tenancy.ApiClient;
import dev.graft.text.Tokenizer;
import dev.graft.weights.Dtype;
import dev.graft.weights.GgufContents;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.gguf.GgufModel;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every form of a trained adapter, over the API. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExportsIT extends StartedGraft {
  @Autowired private JdbcClient sql;
  @TempDir private Path directory;
  private ApiClient client = new ApiClient(0, "");
  private String key = "";
  private String adapter = "";
  private String model = "";
  private String path = "";
  private AdapterForms forms = new AdapterForms(client, "", "", "");

  @BeforeAll
  void anAdapter() throws Exception {
    registerTiny();
    key = key("exports");
    client = new ApiClient(URI.create(url()).getPort(), key);
    JsonNode trained =
        trained("{'peft': {'r': 4, 'use_rslora': true}, 'training': {'max_steps': 3}}");
    adapter = text(trained, "id");
    model = text(trained, "name");
    at(adapter);
  }

  private void at(String id) {
    path = "/v1/adapters/" + id + "/exports";
    forms = new AdapterForms(client, url(), key, path);
  }

  private JsonNode trained(String settings) throws Exception {
    return AdapterForms.trained(client, settings);
  }

  @AfterEach
  void nothingIsLeft() throws Exception {
    for (JsonNode each : ok(client.get(path)).path("data")) {
      ok(client.delete(path + "/" + text(each, "id")));
    }
  }

  private Path unpacked(JsonNode export) throws Exception {
    return forms.unpacked(export, directory);
  }

  @Test
  void aMergedModelIsShardedAndItsDownloadHasRanges() throws Exception {
    JsonNode export = forms.made("{'form': 'merged', 'max_shard_size': '20KB'}");
    assertThat(export.at("/options/max_shard_size").asLong()).isEqualTo(20_000);
    assertThat(export.path("done_bytes")).isEqualTo(export.path("total_bytes"));
    Path merged = unpacked(export);
    assertThat(merged.resolve("model.safetensors.index.json")).exists();
    assertThat(merged.resolve("README.md")).content().contains(model);
    try (ModelDirectory read = ModelDirectory.open(merged)) {
      read.check();
    }
    byte[] whole = forms.downloaded(export);
    HttpResponse<byte[]> part = forms.content(export, "GET", "range", "bytes=7-20");
    assertThat(part.statusCode()).isEqualTo(206);
    assertThat(part.body()).isEqualTo(Arrays.copyOfRange(whole, 7, 21));
    HttpResponse<byte[]> head = forms.content(export, "HEAD");
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.headers().firstValue("x-checksum-sha256")).contains(text(export, "sha256"));
    String tag = head.headers().firstValue("etag").orElseThrow();
    assertThat(forms.content(export, "GET", "if-none-match", tag).statusCode()).isEqualTo(304);
  }

  @Test
  void theMergedFileIsTheMergedModelWithItsTokenizer() throws Exception {
    Path merged = unpacked(forms.made("{'form': 'merged'}"));
    JsonNode export = forms.made("{'form': 'merged_gguf'}");
    assertThat(text(export, "filename")).isEqualTo(adapter + "-f16.gguf");
    Path read = fresh();
    GgufModel.write(gguf(export), read);
    try (ModelDirectory before = ModelDirectory.open(merged);
        ModelDirectory after = ModelDirectory.open(read);
        Tokenizer tokens = Tokenizer.load(merged);
        Tokenizer written = Tokenizer.load(read)) {
      assertThat(after.config()).isEqualTo(before.config());
      for (Parameter each : before.config().parameters()) {
        float[] expected = numbers(before, each);
        for (int i = 0; each.shape().length > 1 && i < expected.length; i++) {
          expected[i] = Dtype.F16.round(expected[i]);
        }
        assertThat(numbers(after, each)).as(each.name()).containsExactly(expected);
      }
      String text = "ab <|user|> caf\u00e9 12";
      assertThat(written.ids(text)).containsExactly(tokens.ids(text));
    }
    assertThat(
            GgufModel.write(gguf(forms.made("{'form': 'merged_gguf', 'type': 'q8_0'}")), fresh())
                .quantised())
        .isEqualTo("Q8_0");
  }

  private Path fresh() throws IOException {
    return Files.createTempDirectory(directory, "read");
  }

  private Path gguf(JsonNode export) throws Exception {
    return Files.write(directory.resolve(text(export, "filename")), forms.downloaded(export));
  }

  private static float[] numbers(ModelDirectory model, Parameter parameter) {
    return model.weights().require(parameter.name(), parameter.shape()).toFloats();
  }

  @Test
  void theAdapterComesAsEachProgramLoadsIt() throws Exception {
    Path file = gguf(forms.made("{'form': 'adapter_gguf'}"));
    assertThat(GgufContents.read(file).fields())
        .contains(List.of("general.type", "STRING", "adapter"));

    Path plain = unpacked(forms.made("{'form': 'plain_lora'}"));
    JsonNode config = json(plain.resolve("adapter_config.json"));
    assertThat(config.path("use_rslora").asBoolean()).isFalse();
    assertThat(config.path("lora_alpha").asInt()).isEqualTo(config.path("r").asInt());

    Path served = unpacked(forms.made("{'form': 'vllm', 'base': 'acme/tiny', 'name': 'support'}"));
    JsonNode ofVllm = json(served.resolve("support/adapter_config.json"));
    assertThat(ofVllm.path("base_model_name_or_path").asString()).isEqualTo("acme/tiny");
    assertThat(ofVllm.path("peft_type").asString()).isEqualTo("LORA");
    assertThat(served.resolve("support/adapter_model.safetensors")).exists();
    JsonNode usual = forms.made("{'form': 'vllm'}");
    assertThat(text(usual.path("options"), "base")).isEqualTo("tiny");
    assertThat(text(usual.path("options"), "name")).isEqualTo(model);

    Path ollama = unpacked(forms.made("{'form': 'ollama', 'base': 'tiny:latest'}"));
    assertThat(ollama.resolve("Modelfile"))
        .hasContent("FROM tiny:latest\nADAPTER ./adapter.gguf\nPARAMETER stop \"<|end|>\"\n");
    Path whole = unpacked(forms.made("{'form': 'ollama', 'type': 'q8_0'}"));
    assertThat(whole.resolve("Modelfile")).content().startsWith("FROM ./model.gguf\nPARAMETER");
    GgufModel.write(whole.resolve("model.gguf"), fresh());
  }

  private static JsonNode json(Path file) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(file, StandardCharsets.UTF_8));
  }

  @Test
  void whatIsAskedForTwiceIsMadeOnceAndWhatCannotBeIsRefused() throws Exception {
    JsonNode first = forms.made("{'form': 'merged', 'max_shard_size': '3GB'}");
    JsonNode again = ok(client.post(path, "{'form': 'merged', 'max_shard_size': '3000MB'}"));
    assertThat(again).isEqualTo(first);
    refused("{'form': 'onnx'}", "form", "must be one of merged, merged_gguf");
    refused("{'form': 'merged', 'type': 'f16'}", "type", "The form merged has no option type.");
    refused("{'form': 'merged', 'max_shard_size': 'much'}", "max_shard_size", "such as 500MB");
    refused("{'form': 'vllm', 'name': '../x'}", "name", "the name of a model");
    refused("{'type': 'f16'}", "form", "Missing required parameter");
    String one = path + "/" + text(first, "id");
    ok(client.delete(one));
    error(client.get(one), 404);
    assertThat(text(forms.made("{'form': 'merged', 'max_shard_size': '3GB'}"), "id"))
        .isNotEqualTo(text(first, "id"));
  }

  private void refused(String asked, String param, String why) throws Exception {
    JsonNode refusal = error(client.post(path, asked), 400);
    assertThat(text(refusal, "param")).isEqualTo(param);
    assertThat(text(refusal, "message")).contains(why);
  }

  @Test
  void anAdapterWithoutPlainFormSaysWhyAndItsExportsGoWithIt() throws Exception {
    try {
      JsonNode other =
          trained("{'peft': {'r': 2, 'use_dora': true}, 'training': {'max_steps': 1}}");
      at(text(other, "id"));
      for (String form : List.of("plain_lora", "adapter_gguf", "vllm")) {
        refused("{'form': '" + form + "'}", "form", "use_dora");
      }
      JsonNode merged = forms.made("{'form': 'merged'}");
      ok(client.delete("/v1/adapters/" + text(other, "id")));
      error(client.get(path), 404);
      assertThat(
              sql.sql("select count(*) from adapter_export where id = ?")
                  .param(text(merged, "id"))
                  .query(Long.class)
                  .single())
          .isZero();
    } finally {
      at(adapter);
    }
  }

  /** A conversion that is killed on its way is made again, from the beginning. */
  @Test
  void whatIsKilledMidwayIsMadeAgainAndPublishedOnce() throws Exception {
    try (ExpectedLog log = WorkLoops.expectFailure()) {
      JsonNode begun = ok(client.post(path, "{'form': 'merged', 'max_shard_size': '30KB'}"));
      ProcessHandle child =
          await()
              .atMost(AdapterForms.LONG)
              .until(ExportsIT::child, Optional::isPresent)
              .orElseThrow();
      child.destroyForcibly();
      await().atMost(AdapterForms.LONG).until(() -> log.seen().contains("work_failed"));
      JsonNode met = ok(client.get(path + "/" + text(begun, "id"))).path("error");
      assertThat(met.asString("")).isIn("", "the export process exited with status 137");
      assertThat(text(forms.made("{'form': 'merged', 'max_shard_size': '30KB'}"), "id"))
          .isEqualTo(text(begun, "id"));
    }
  }

  private static Optional<ProcessHandle> child() {
    return ProcessHandle.current()
        .descendants()
        .filter(each -> TestProgram.runs(each, "\0exporter\0"))
        .findFirst();
  }

  @Test
  void theConsoleAsksForAFormAndFetchesIt() throws Exception {
    PageClient browser = new PageClient(URI.create(url()).getPort());
    browser.signIn(key);
    String page = "/console/models/" + adapter;
    assertThat(browser.get(page).body()).contains("Merged model (GGUF, q8_0)");
    browser.post(page + "/exports", Map.of("choice", "merged_gguf q8_0"));
    JsonNode begun = ok(client.get(path)).at("/data/0");
    JsonNode export = forms.made("{'form': 'merged_gguf', 'type': 'q8_0'}");
    assertThat(text(export, "id")).isEqualTo(text(begun, "id"));
    String content = page + "/exports/" + text(export, "id") + "/content";
    assertThat(browser.get(page).body()).contains(content, "merged_gguf q8_0", "succeeded");
    assertThat(browser.get(content).headers().firstValue("content-disposition").orElse(""))
        .contains(adapter + "-q8_0.gguf");
    browser.post(page + "/exports/" + text(export, "id") + "/delete", Map.of());
    error(client.get(path + "/" + text(export, "id")), 404);
  }

  /** Of a department's own; another's are as if they were not there. */
  @Test
  void anotherDepartmentSeesNothing() throws Exception {
    JsonNode export = forms.made("{'form': 'adapter_gguf'}");
    ApiClient other = client.as(key("exports-other"));
    error(other.get(path), 404);
    error(other.get(path + "/" + text(export, "id") + "/content"), 404);
    error(other.post(path, "{'form': 'merged'}"), 404);
    assertThat(ok(client.get(path + "?limit=1")).path("has_more").isBoolean()).isTrue();
  }
}
