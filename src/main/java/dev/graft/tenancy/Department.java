package dev.graft.tenancy;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A department: an OpenAI project. Its {@code running} counter belongs to the job ledger alone. */
@Entity
@Table(name = "department")
class Department {
  @Id private String id = "";
  private String name = "";
  private Instant createdAt = Instant.EPOCH;

  @Column(name = "max_running")
  private int maxRunning;

  @Column(insertable = false, updatable = false)
  private int running;

  protected Department() {}

  Department(String id, String name, int maxRunning, Instant createdAt) {
    this.id = id;
    this.name = name;
    this.maxRunning = maxRunning;
    this.createdAt = createdAt;
  }

  String id() {
    return id;
  }

  String name() {
    return name;
  }

  Instant createdAt() {
    return createdAt;
  }

  int maxRunning() {
    return maxRunning;
  }

  int running() {
    return running;
  }
}
