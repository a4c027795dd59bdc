"""What the readers of Office and OpenDocument files share: their packages, XML, drawings, numbers and charts."""
