"""What pages of monitoring read: answers counted by hour and day, kept up and rebuildable from the facts."""
