import client.ApiClient;
import client.api.AdaptersApi;
import client.api.ChatApi;
import client.api.FilesApi;
import client.api.FineTuningApi;
import client.model.AdapterChoice;
import client.model.ChatCompletion;
import client.model.ChatMessage;
import client.model.ChatRequest;
import client.model.FineTuningJob;
import client.model.ListAdaptersCreatedAtParameter;
import client.model.NewFineTuningJob;
import client.model.PublishedAdapter;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The main job with a client that openapi-generator made of docs/openapi.yaml, against a running
 * Graft: upload, job, events, checkpoints, download, chat.
 *
 * <pre>
 * openapi-generator-cli generate -i docs/openapi.yaml -c quality/clients/java.yaml -o OUT
 * GRAFT_URL=http://127.0.0.1:8080 GRAFT_KEY=... java MainJob
 * </pre>
 *
 * GRAFT_MODEL names the base model, else it is 'demo'. Prints one line; fails where something is
 * not as the document says.
 */
class MainJob {
  private static final String MODEL = System.getenv().getOrDefault("GRAFT_MODEL", "demo");

  private final FilesApi files;
  private final FineTuningApi jobs;
  private final AdaptersApi adapters;
  private final ChatApi chat;

  MainJob(ApiClient graft) {
    files = new FilesApi(graft);
    jobs = new FineTuningApi(graft);
    adapters = new AdaptersApi(graft);
    chat = new ChatApi(graft);
  }

  public static void main(String[] none) throws Exception {
    // What is not set is not sent, instead of null.
    ObjectMapper json =
        ApiClient.createDefaultObjectMapper(null)
            .setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);
    ApiClient graft = new ApiClient(json, ApiClient.createDefaultDateFormat());
    graft.setBasePath(System.getenv("GRAFT_URL"));
    graft.setBearerToken(System.getenv("GRAFT_KEY"));
    System.out.println(new MainJob(graft).run());
  }

  private String run() throws Exception {
    String file = files.createFile(rows(), "fine-tune", null, null, null).getId();
    FineTuningJob job = finished(file);
    int events = jobs.listFineTuningEvents(job.getId(), null, 100).getData().size();
    int checkpoints = jobs.listFineTuningJobCheckpoints(job.getId(), null, null).getData().size();
    // The generated code asks this object for its fields, absent or not.
    var anyTime = new ListAdaptersCreatedAtParameter();
    PublishedAdapter adapter =
        adapters
            .listAdapters(null, null, null, null, null, null, null, anyTime, null)
            .getData()
            .stream()
            .filter(each -> job.getId().equals(each.getJobId()))
            .findFirst()
            .orElseThrow();
    byte[] archive =
        adapters
            .downloadAdapterWithResponseSpec(adapter.getId(), null, null, null)
            .body(byte[].class);
    check(archive.length == adapter.getBytes(), archive.length + " bytes");
    ChatCompletion answer =
        chat.createChatCompletion(
            new ChatRequest()
                .model(job.getFineTunedModel())
                .addMessagesItem(
                    new ChatMessage().role(ChatMessage.RoleEnum.USER).content("What is 7?"))
                .maxCompletionTokens(4));
    check(answer.getUsage().getCompletionTokens() > 0, "an answer without tokens");
    return "%d events, %d checkpoints, %d bytes, an answer"
        .formatted(events, checkpoints, archive.length);
  }

  private FineTuningJob finished(String file) throws InterruptedException {
    AdapterChoice settings = new AdapterChoice().training(Map.of("max_steps", 4, "save_steps", 2));
    NewFineTuningJob request =
        new NewFineTuningJob().model(MODEL).trainingFile(file).adapter(settings);
    FineTuningJob job = jobs.createFineTuningJob(request, null);
    while (!List.of("succeeded", "failed", "cancelled").contains(job.getStatus().getValue())) {
      Thread.sleep(500);
      job = jobs.retrieveFineTuningJob(job.getId(), null);
    }
    check(job.getStatus() == FineTuningJob.StatusEnum.SUCCEEDED, String.valueOf(job.getError()));
    return job;
  }

  private static File rows() throws IOException {
    String row =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"What is %1$d?\"},"
            + "{\"role\":\"assistant\",\"content\":\"%1$d.\"}]}\n";
    Path file = Files.createTempFile("rows", ".jsonl");
    Files.writeString(
        file, IntStream.range(0, 20).mapToObj(row::formatted).collect(Collectors.joining()));
    file.toFile().deleteOnExit();
    return file.toFile();
  }

  private static void check(boolean holds, String what) {
    if (!holds) throw new IllegalStateException(what);
  }
}
