package dev.graft.tenancy;

import java.util.List;
import java.util.Optional;
import org.springframework.data.repository.Repository;

interface ApiKeyRows extends Repository<ApiKeyRow, String> {
  ApiKeyRow save(ApiKeyRow key);

  Optional<ApiKeyRow> findByHash(byte[] hash);

  Optional<ApiKeyRow> findById(String id);

  List<ApiKeyRow> findByDepartmentIdOrderByCreatedAt(String departmentId);
}
