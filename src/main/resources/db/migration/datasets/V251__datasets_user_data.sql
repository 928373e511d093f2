-- Why: administrators upload base models as files, which are taken as they are.
-- Lock: access exclusive on file and upload while the checks are replaced; they read every row once. Duration: a second
-- for a million.
alter table file drop constraint file_purpose_check;
alter table file add constraint file_purpose_check
  check (purpose in ('fine-tune', 'fine-tune-results', 'user_data'));
alter table upload drop constraint upload_purpose_check;
alter table upload add constraint upload_purpose_check check (purpose in ('fine-tune', 'user_data'));
