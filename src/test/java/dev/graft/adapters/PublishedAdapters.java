package dev.graft.adapters;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.Manifest;
import dev.graft.jobs.JobSucceeded;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/** Jobs that have succeeded without a worker, and what they published. */
@TestComponent
public class PublishedAdapters {
  private static final String LORA = "{\"peft\": {\"peft_type\": \"LORA\", \"r\": 4}}";

  private static final String HYPERPARAMETERS =
      "{\"batch_size\": 8, \"learning_rate_multiplier\": 1, \"n_epochs\": 3}";

  private final JdbcClient sql;
  private final ArtifactStore store;
  private final ApplicationEventPublisher events;
  private final TransactionTemplate transaction;

  PublishedAdapters(
      JdbcClient sql,
      ArtifactStore store,
      ApplicationEventPublisher events,
      TransactionTemplate transaction) {
    this.sql = sql;
    this.store = store;
    this.events = events;
    this.transaction = transaction;
  }

  /** One with its names. */
  public record Published(String id, String model, String jobId) {}

  public Published publish(String department) throws IOException {
    return publish(department, "", null);
  }

  /** On a base model that others do not use. */
  public Published publishOn(String base, String department) throws IOException {
    return publish(base, department, "", null, LORA, null);
  }

  /** One that says who it is where it is asked ({@code Parrot}). */
  public Published publishOn(String base, String department, String who) throws IOException {
    return publishOn(base, department, Map.of("adapter_config.json", "{}", "who.txt", who));
  }

  /**
   * @param content of each file of the result
   */
  public Published publishOn(String base, String department, Map<String, String> content)
      throws IOException {
    TreeMap<String, BlobRef> files = new TreeMap<>();
    for (Map.Entry<String, String> file : content.entrySet()) {
      files.put(file.getKey(), put(file.getValue()));
    }
    Digest result = put(new Manifest(files).toJson()).sha256();
    return publish(base, department, "", null, LORA, null, id -> result);
  }

  /**
   * @param parent the model that it continued from, or null
   */
  public Published publish(String department, String suffix, String parent) throws IOException {
    return publish(department, suffix, parent, LORA, null);
  }

  /**
   * @param configuration the job's resolved adapter object
   * @param metadata of the job, or null
   */
  public Published publish(
      String department, String suffix, String parent, String configuration, String metadata)
      throws IOException {
    return publish("small", department, suffix, parent, configuration, metadata);
  }

  private Published publish(
      String base,
      String department,
      String suffix,
      String parent,
      String configuration,
      String metadata)
      throws IOException {
    return publish(base, department, suffix, parent, configuration, metadata, this::result);
  }

  /** Makes the result of what has this id. */
  private interface Result {
    Digest of(String id) throws IOException;
  }

  private Published publish(
      String base,
      String department,
      String suffix,
      String parent,
      String configuration,
      String metadata,
      Result files)
      throws IOException {
    String id = UUID.randomUUID().toString().replace("-", "");
    String job = "ftjob-" + id;
    String slug = ofDepartment("slug", department);
    String model = "ft:%s:%s:%s:%s".formatted(base, slug, suffix, id);
    Digest result = files.of(id);
    transaction.executeWithoutResult(
        status -> {
          insertJob(job, base, department, suffix, parent, configuration, metadata);
          events.publishEvent(
              new JobSucceeded(
                  job,
                  department,
                  base,
                  model,
                  suffix,
                  result,
                  configuration,
                  "file-1",
                  metadata,
                  parent,
                  1));
        });
    return new Published(
        sql.sql("select id from adapter where name = ?").param(model).query(String.class).single(),
        model,
        job);
  }

  private String ofDepartment(String column, String department) {
    return sql.sql("select " + column + " from department where id = ?")
        .param(department)
        .query(String.class)
        .single();
  }

  /** A result directory of one file. */
  private Digest result(String content) throws IOException {
    TreeMap<String, BlobRef> files = new TreeMap<>();
    files.put("weights.txt", put(content));
    return put(new Manifest(files).toJson()).sha256();
  }

  private BlobRef put(String content) throws IOException {
    return put(content.getBytes(StandardCharsets.UTF_8));
  }

  private BlobRef put(byte[] bytes) throws IOException {
    return store.put(new ByteArrayInputStream(bytes), bytes.length);
  }

  private void insertJob(
      String id,
      String base,
      String department,
      String suffix,
      String parent,
      String adapter,
      String metadata) {
    sql.sql(
            """
            with j as (
              insert into job (id, department_id, created_at, state, base_model, base_manifest, training_file,
                               training_digest, suffix, seed, method, hyperparameters, adapter, metadata,
                               available_at, finished_at, parent_model)
              values (:id, :department, graft_now(), 'succeeded', :base, repeat('a', 64), 'file-1',
                      repeat('a', 64), nullif(:suffix, ''), 1, :method::jsonb, :hyperparameters::jsonb, :adapter::jsonb, :metadata::jsonb,
                      graft_now(), graft_now(), :parent)
              returning id)
            insert into job_progress (job_id) select id from j
            """)
        .param("id", id)
        .param("base", base)
        .param("department", department)
        .param("suffix", suffix)
        .param("adapter", adapter)
        .param("hyperparameters", HYPERPARAMETERS)
        .param(
            "method",
            "{\"type\": \"supervised\", \"supervised\": {\"hyperparameters\": "
                + HYPERPARAMETERS
                + "}}")
        .param("metadata", metadata)
        .param("parent", parent)
        .update();
  }
}
