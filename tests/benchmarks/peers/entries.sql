-- From a table `board` as Kaggle's CSV has it to the entries of tracked people: what a shell pipeline does.
-- json_each makes a row of each member; SQLite has no function of its own that splits.
INSERT INTO entries
SELECT
    user.username, board.Rank, CAST(board.Score AS REAL), board.TeamName, board.TeamId,
    board.LastSubmissionDate, board.SubmissionCount, board.TeamMemberUserNames
FROM board
JOIN json_each('["' || replace(board.TeamMemberUserNames, ',', '","') || '"]') AS member
JOIN users AS user ON user.username = member.value
WHERE board.Rank > 0
ON CONFLICT (username) DO UPDATE SET
    rank = excluded.rank,
    score = excluded.score,
    team_name = excluded.team_name,
    team_id = excluded.team_id,
    submission_date = excluded.submission_date,
    submission_count = excluded.submission_count,
    members = excluded.members;
