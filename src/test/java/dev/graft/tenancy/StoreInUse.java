package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.ok;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.ArtifactStore.StoredBlob;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.ManifestDirectory;
import dev.graft.jobs.HandWorker;
import dev.graft.jobs.QueueServer;
import dev.graft.jobs.QueueServer.Submitted;
import dev.graft.jobs.lease.Lease.LeaseKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.springframework.boot.test.context.TestComponent;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * A department that stores, trains, publishes and deletes, and what of it must be in the store:
 * kept here by hand, not asked of what the sweep asks.
 */
@TestComponent
public class StoreInUse {
  public final ArtifactStore store;
  private final QueueServer queue;
  private final HandWorker worker;
  private final Departments departments;
  private final ApiKeys keys;
  private final JdbcClient sql;

  private final Map<String, Set<Digest>> needed = new HashMap<>();
  private String department = "";
  private ApiClient client = new ApiClient(0, "");

  StoreInUse(
      ArtifactStore store,
      QueueServer queue,
      HandWorker worker,
      Departments departments,
      ApiKeys keys,
      JdbcClient sql) {
    this.store = store;
    this.queue = queue;
    this.worker = worker;
    this.departments = departments;
    this.keys = keys;
    this.sql = sql;
  }

  /** Nothing is needed, and another department begins. */
  public void begin(int port) {
    sql.sql("truncate adapter, job, file, unreferenced_blob cascade").update();
    sql.sql("update department set running = 0, used = 0").update();
    needed.clear();
    department = departments.ensure("support " + UUID.randomUUID());
    sql.sql("update department set max_running = 1000").update();
    client = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
  }

  public Digest put(String content) throws IOException {
    byte[] bytes = content.getBytes(UTF_8);
    return store.put(new ByteArrayInputStream(bytes), bytes.length).sha256();
  }

  public String file(String content) throws IOException {
    Digest digest = put(content);
    String id = "file-" + UUID.randomUUID().toString().replace("-", "").substring(0, 26);
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, examples, created_at)
            values (:id, :department, 'a.jsonl', 'fine-tune', :bytes, :digest, 'processed', 1, graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .param("bytes", content.length())
        .param("digest", digest.hex())
        .update();
    needed.put(id, Set.of(digest));
    return id;
  }

  public void deleteFile(String id) throws Exception {
    ok(client.delete("/v1/files/" + id));
    needed.remove(id);
  }

  /** A job that a worker has begun. */
  public LeaseKey job(Path scratch) throws IOException {
    Submitted job = queue.submitOf(department, "{}", scratch);
    needs(job.id(), Digest.of(QueueServer.DATA.getBytes(UTF_8)));
    needsDirectory(job.id(), base(job.id()));
    LeaseKey key = worker.claim();
    assertThat(key.jobId()).isEqualTo(job.id());
    return key;
  }

  private Digest base(String job) {
    return new Digest(
        sql.sql("select base_manifest from job where id = ?")
            .param(job)
            .query(String.class)
            .single());
  }

  public Digest upload(LeaseKey key, String content) throws IOException {
    Digest manifest = worker.uploadDirectory(key, content.getBytes(UTF_8));
    needsDirectory(key.jobId(), manifest);
    return manifest;
  }

  public void checkpoint(LeaseKey key, int step, String content) throws IOException {
    Digest manifest = upload(key, content);
    worker.checkpoint(key, step, manifest);
    String id = "checkpoints of " + key.jobId();
    needsDirectory(id, manifest);
    needsDirectory(id, base(key.jobId()));
  }

  public void deleteCheckpoints(String job) {
    sql.sql("delete from job_checkpoint where job_id = ?").param(job).update();
    needed.remove("checkpoints of " + job);
  }

  /** Its adapter, when its archive is made: that goes on beside the worker's request. */
  public String complete(LeaseKey key, String content) throws Exception {
    Digest manifest = upload(key, content);
    worker.complete(key, manifest);
    needed.remove(key.jobId());
    String id =
        sql.sql("select id from adapter where job_id = ?")
            .param(key.jobId())
            .query(String.class)
            .single();
    await().until(() -> archived(id));
    needsDirectory(id, manifest);
    needsDirectory(id, base(key.jobId()));
    return id;
  }

  private boolean archived(String adapter) {
    return sql.sql("select archive is not null from adapter where id = ?")
        .param(adapter)
        .query(Boolean.class)
        .single();
  }

  public void cancel(LeaseKey key) {
    queue.cancel(new Submitted(department, key.jobId()));
    worker.release(key);
    needed.remove(key.jobId());
  }

  public void download(String adapter) throws Exception {
    assertThat(client.get("/v1/adapters/" + adapter + "/content").statusCode()).isEqualTo(200);
  }

  public void deleteAdapter(String id) throws Exception {
    ok(client.delete("/v1/adapters/" + id));
    needed.remove(id);
  }

  private void needs(String id, Digest digest) {
    needed.computeIfAbsent(id, none -> new HashSet<>()).add(digest);
  }

  private void needsDirectory(String id, Digest manifest) throws IOException {
    needs(id, manifest);
    ManifestDirectory.read(store, manifest).files().values().stream()
        .map(BlobRef::sha256)
        .forEach(digest -> needs(id, digest));
  }

  /** The results of jobs and the archives too, which Graft makes. */
  public Set<Digest> allNeeded() {
    Set<Digest> all = new HashSet<>();
    needed.values().forEach(all::addAll);
    for (String made :
        List.of(
            "select digest from file where purpose = 'fine-tune-results'",
            "select archive from adapter where archive is not null and deleted_at is null")) {
      sql.sql(made).query(String.class).list().forEach(hex -> all.add(new Digest(hex)));
    }
    return all;
  }

  public Set<Digest> stored() throws IOException {
    try (Stream<StoredBlob> all = store.blobs()) {
      return all.map(blob -> blob.ref().sha256()).collect(Collectors.toSet());
    }
  }
}
